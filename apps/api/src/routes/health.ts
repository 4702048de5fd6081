import { databaseState } from '@replybell/database';
import { queueHealth } from '@replybell/queue';
import Type, { type Static } from 'typebox';
import type { App, AppParts } from '../app.ts';

const CHECK_TIMEOUT_MS = 1_500;

const health = Type.Object({ status: Type.Enum(['ok']) }, { title: 'Health' });

const readiness = Type.Object(
  {
    status: Type.Enum(['ok', 'unavailable']),
    checks: Type.Object({
      database: Type.Enum(['ok', 'unavailable']),
      migrations: Type.Enum(['ok', 'pending', 'unknown']),
      queue: Type.Enum(['ok', 'paused', 'unavailable']),
    }),
    workers: Type.Unsafe<number | null>({ type: ['integer', 'null'], examples: [2] }),
    paused: Type.Array(Type.String(), {
      description: 'Why deliveries are paused now; empty if they are not.',
      examples: [[]],
    }),
  },
  { title: 'Readiness' },
);

const migrationsBy = { ready: 'ok', migrations_pending: 'pending', unavailable: 'unknown' } as const;

/**
 * `/healthz`: the process runs. `/readyz`: it can store replies. A queue that is away, missing workers and
 * pauses are told in the body and fail nothing: what is stored meanwhile is sent later, so the API stays in rotation.
 */
export function healthRoutes(app: App, { db, queue }: AppParts): void {
  // Probes come every few seconds: their lines would bury the others'.
  const logLevel = 'warn';

  app.get(
    '/healthz',
    {
      logLevel,
      schema: {
        operationId: 'getHealth',
        tags: ['operations'],
        security: [],
        summary: 'Whether the process runs',
        description: 'Looks at nothing else: a process that answers need not be restarted.',
        response: { 200: health },
      },
    },
    async () => ({ status: 'ok' as const }),
  );

  app.get(
    '/readyz',
    {
      logLevel,
      schema: {
        operationId: 'getReadiness',
        tags: ['operations'],
        security: [],
        summary: 'Whether replies can be stored',
        description: 'A queue that is away, missing workers and pauses are told, and fail nothing.',
        response: { 200: readiness, 503: readiness },
      },
    },
    async (_request, reply) => {
      const [state, queueState] = await Promise.all([
        databaseState(db, CHECK_TIMEOUT_MS),
        queueHealth(queue, CHECK_TIMEOUT_MS),
      ]);
      const ready = state.kind === 'ready';
      reply.code(ready ? 200 : 503);
      const answer: Static<typeof readiness> = {
        status: ready ? 'ok' : 'unavailable',
        checks: {
          database: state.kind === 'unavailable' ? 'unavailable' : 'ok',
          migrations: migrationsBy[state.kind],
          queue: queueState.ok ? (queueState.paused ? 'paused' : 'ok') : 'unavailable',
        },
        workers: queueState.ok ? queueState.workers : null,
        paused: ready ? state.pauses.map(({ reason }) => reason) : [],
      };
      return answer;
    },
  );
}
