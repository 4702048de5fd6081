import { parseConfig } from '@replybell/config';
import { openDatabase } from '@replybell/database';
import { createLogger } from '@replybell/logger';
import { createEnqueuer, openQueue } from '@replybell/queue';
import { type App, buildApp } from '../src/app.ts';
import { openBot } from '../src/bot.ts';

export const apiKey = 'a-key-for-tests-with-more-than-32-characters';
export const bearer = { authorization: `Bearer ${apiKey}` };

type Answer = { status: number; headers: Record<string, unknown>; body: ReturnType<typeof JSON.parse> };
type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export type TestApp = {
  app: App;
  /** Calls a route with the key. A `body` that is a string is sent as it is. */
  call(method: Method, url: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** Creates a user with a ticket. */
  openTicket(user?: { telegramId: number }): Promise<{ userId: number; ticketId: number }>;
  /** Ids of the queue's waiting jobs. */
  waitingJobs(): Promise<(string | undefined)[]>;
  close(): Promise<void>;
};

/** The API in this process on a real database and queue, called without a socket. */
export async function openTestApp(env: Record<string, string>): Promise<TestApp> {
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
