import Type from 'typebox';
import { nullable, text, time } from './fields.ts';

const count = Type.Integer({ minimum: 0 });

const pause = Type.Object(
  {
    kind: Type.Enum(['throttled', 'outage', 'token', 'operator'], {
      description:
        '`throttled`: Telegram asked to wait. `outage`: Telegram or the network is away. `token`: Telegram refuses the ' +
        'BOT_TOKEN of some workers, and holds back these; one for each such token. `operator`: somebody paused deliveries.',
    }),
    reason: Type.String({ description: 'A stable code.', examples: ['too_many_requests'] }),
    detail: nullable(
      Type.String({
        description: "Telegram's own words, or the network's; with `operator`: who paused, and why.",
      }),
    ),
    since: time,
    pausedUntil: nullable(
      Type.Unsafe<Date>({
        ...time,
        description:
          'When one message tries again with `throttled`, and the next probe goes out with `outage` and `token`: they end by ' +
          'themselves when it succeeds. Null for `operator`, which ends when somebody resumes.',
      }),
    ),
    probes: count,
  },
  { title: 'Pause' },
);

export const pauseRequest = Type.Object(
  {
    reason: Type.Optional(text({ maxLength: 500, description: 'For those who ask why nothing is sent.' })),
  },
  { additionalProperties: false, examples: [{ reason: 'The Mini App is being moved' }] },
);

/** The body of `GET /api/admin/delivery`. */
export const deliveryState = Type.Object(
  {
    paused: Type.Boolean({
      description: 'Nothing is sent now: see `pauses`, or the queue was paused by hand.',
    }),
    pauses: Type.Array(pause, { examples: [[]] }),
    backlog: Type.Object({ pending: count, sending: count, parked: count, failed: count, unknown: count }),
    oldestDueAt: nullable(
      Type.Unsafe<Date>({
        ...time,
        description: 'Since when the oldest notification that is due has waited.',
      }),
    ),
    queue: Type.Object({
      status: Type.Enum(['ok', 'paused', 'unavailable']),
      workers: nullable(
        Type.Integer({ description: 'Worker processes that are connected to the queue.', examples: [2] }),
      ),
    }),
  },
  { title: 'Delivery' },
);
