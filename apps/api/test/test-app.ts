import { parseConfig } from '@replybell/config';
import { openDatabase } from '@replybell/database';
import { createLogger } from '@replybell/logger';
import { createEnqueuer, openQueue } from '@replybell/queue';
import { useTestDatabase } from '@replybell/testing';
import { afterAll, onTestFinished } from 'vitest';
import { type App, buildApp } from '../src/app.ts';
import { openBot } from '../src/bot.ts';

export const apiKey = 'a-key-for-tests-with-more-than-32-characters';
export const bearer = { authorization: `Bearer ${apiKey}` };

type Answer = { status: number; headers: Record<string, unknown>; body: ReturnType<typeof JSON.parse> };
type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

type Environment = Record<string, string>;

export type TestApp = {
  app: App;
  /** The settings that it was opened with. */
  env: Environment;
  /** The connections that the app uses. */
  db: ReturnType<typeof openDatabase>;
  /** Calls a route with the key. A `body` that is a string is sent as it is. */
  call(method: Method, url: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** Creates a user with a ticket. */
  openTicket(user?: { telegramId: number }): Promise<{ userId: number; ticketId: number }>;
  /** Ids of the queue's waiting jobs. */
  waitingJobs(): Promise<(string | undefined)[]>;
  close(): Promise<void>;
};

/** An API on a database of its own for the calling test file, closed after its tests. */
export async function useTestApp(env: Environment = {}): Promise<TestApp> {
  const { url } = await useTestDatabase();
  const api = await openTestApp({ DATABASE_URL: url, ...env });
  afterAll(() => api.close());
  return api;
}

/** Another API with some settings changed, by default on the same database; closed after the running test. */
export async function openBeside(api: TestApp, changes: Environment = {}): Promise<TestApp> {
  const other = await openTestApp({ ...api.env, ...changes });
  onTestFinished(() => other.close());
  return other;
}

/** The API in this process on a real database and queue, called without a socket. */
export async function openTestApp(env: Environment): Promise<TestApp> {
  const loaded = parseConfig({ ADMIN_API_KEY: apiKey, ...env });
  if (!loaded.ok) throw new Error(loaded.problems.join('; '));
  const { config } = loaded;
  const logger = createLogger({ name: 'api', level: 'fatal', format: 'json', secrets: [] });
  const db = openDatabase({ url: config.DATABASE_URL, applicationName: 'replybell-test' });
  const ignoreErrors = () => undefined;
  const queue = openQueue(
    { databaseUrl: config.DATABASE_URL, redisUrl: config.REDIS_URL },
    { attempts: 8, onError: ignoreErrors },
  );
  const enqueuer = createEnqueuer(queue, { onFailed: ignoreErrors });
  const bot = openBot(config, db, logger);
  const app = buildApp({ config, logger, db, queue, enqueuer, bot });

  const call: TestApp['call'] = async (method, url, body, headers = {}) => {
    const payload = typeof body === 'string' ? body : JSON.stringify(body);
    const response = await app.inject({
      method,
      url,
      headers: { ...bearer, ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(payload !== undefined && { payload }),
    });
    const json = String(response.headers['content-type']).includes('json');
    return {
      status: response.statusCode,
      headers: response.headers,
      body: json && response.body !== '' ? response.json() : response.body,
    };
  };

  return {
    app,
    env,
    db,
    call,
    async openTicket(user) {
      const { body: created } = await call('POST', '/api/admin/users', { username: 'anna', ...user });
      const ticket = { userId: created.id, subject: 'Balance', message: 'It is wrong' };
      const { body: opened } = await call('POST', '/api/admin/tickets', ticket);
      return { userId: created.id, ticketId: opened.id };
    },
    async waitingJobs() {
      const jobs = await queue.getJobs(['waiting']);
      return jobs.map((job) => job.id);
    },
    async close() {
      await app.close();
      await bot?.close();
      await enqueuer.close();
      await queue.close();
      await db.destroy();
    },
  };
}
