import { randomBytes } from 'node:crypto';
import { devNull } from 'node:os';
import { openDatabase, pauseByOperator, pauseUntilProbed } from '@replybell/database';
import {
  createTestDatabase,
  describeEachBackend,
  type QueueServices,
  startEntry,
  startRedisServer,
  startSimulator,
  startWorker,
} from '@replybell/testing';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

type Telegram = Awaited<ReturnType<typeof startSimulator>>;
const token = '42:a-token-of-this-test';
let telegram: Telegram;

beforeAll(async () => {
  telegram = await startSimulator({ BOT_TOKEN: token });
});
afterAll(() => telegram.stop());

async function examine(env: Record<string, string>): Promise<{ code: number | null; output: string }> {
  const doctor = await startEntry('Doctor', 'apps/operator/src/doctor.ts', {
    BOT_TOKEN: token,
    TELEGRAM_API_ROOT: telegram.url,
    WEBAPP_URL: 'https://app.example.com',
    ADMIN_API_KEY: 'a-key-that-is-long-enough-for-the-schema',
    ...env,
  });
  const { code } = await doctor.exited;
  return { code, output: doctor.lines.map((line) => line.text).join('\n') };
}

describeEachBackend('npm run doctor', (backend) => {
  let services: QueueServices;
  const stack = new AsyncDisposableStack();
  beforeAll(async () => {
    services = await backend.open();
    stack.defer(() => services.close());
    if (services.env.REDIS_URL === undefined) return;
    // The doctor counts the workers of the whole server.
    const redis = await startRedisServer();
    stack.defer(() => redis.stop());
    services.env.REDIS_URL = redis.url;
  });
  afterAll(() => stack.disposeAsync());

  it('finds nothing wrong where everything runs, and a missing worker where none does', async () => {
    const idle = await examine(services.env);
    expect(idle.output).toContain('✗ No worker is connected');
    expect(idle.code).toBe(1);

    const worker = await startWorker({
      ...services.env,
      BOT_TOKEN: token,
      TELEGRAM_API_ROOT: telegram.url,
      WEBAPP_URL: 'https://app.example.com',
    });
    const healthy = await examine(services.env);
    await worker.stop();
    expect(healthy.output).toContain('✓ Workers connected: 1');
    expect(healthy.output).toContain('knows the bot @replybell_demo_bot');
    expect(healthy.output).toContain('The button is a web_app to app.example.com');
    expect(healthy.output).not.toContain('✗');
    expect(healthy.output).not.toContain(token);
    expect(healthy.code).toBe(0);
  });

  it('warns where another installation has its queue in the same Redis', async () => {
    if (backend.name === 'postgres') return;
    const anothers = await createTestDatabase();
    const worker = await startWorker({
      ...services.env,
      DATABASE_URL: anothers.url,
      BOT_TOKEN: token,
      TELEGRAM_API_ROOT: telegram.url,
      WEBAPP_URL: 'https://app.example.com',
    });
    const { code, output } = await examine(services.env);
    await worker.stop();
    await anothers.drop();
    expect(output).toContain('! The queue in Redis is another database’s');
    expect(code).toBe(0);
  });
});

describe('npm run doctor', () => {
  it('names every problem of the configuration', async () => {
    const { code, output } = await examine({ DATABASE_URL: '', LOG_LEVEL: 'loud' });
    expect(output).toMatch(/✗ DATABASE_URL is not set[\s\S]*✗ LOG_LEVEL must be/);
    expect(code).toBe(1);
  });

  it('says which file it read, or how to make one', async () => {
    const named = await examine({ DATABASE_URL: '' });
    expect(named.output).toContain(`✓ Configuration: ${devNull}`);
    const { output } = await examine({ DATABASE_URL: '', ENV_FILE: '/nowhere/.env' });
    expect(output).toContain('! There is no /nowhere/.env\n  → cp .env.example /nowhere/.env');
    expect(output).toContain('✗ ENV_FILE must name a file that is there');
  });

  it('tells what keeps Postgres and Telegram from working', async () => {
    const { output } = await examine({
      DATABASE_URL: 'postgres://user:secret-of-postgres@127.0.0.1:1/none',
      BOT_TOKEN: '42:a-token-nobody-knows',
    });
    expect(output).toMatch(/✗ Postgres: .*ECONNREFUSED[\s\S]*Check DATABASE_URL and that Postgres runs/);
    expect(output).toMatch(/✗ .* answers 401: Unauthorized/);
    expect(output).not.toMatch(/secret-of-postgres|a-token-nobody-knows/);
  });

  it('tells of a database that does not know the letters of the texts', async () => {
    const database = await createTestDatabase();
    const db = openDatabase({ url: database.url, applicationName: 'doctor-test', maxConnections: 1 });
    const examineDatabase = async (settings: string) => {
      const name = `replybell_test_${randomBytes(4).toString('hex')}`;
      await sql
        .raw(`create database ${name} template template0 locale_provider libc locale 'C' ${settings}`)
        .execute(db);
      const url = new URL(database.url);
      url.pathname = name;
      const { output } = await examine({ DATABASE_URL: url.href });
      await sql.raw(`drop database ${name} with (force)`).execute(db);
      return output;
    };
    expect(await examineDatabase("encoding 'UTF8'")).toMatch(
      /! The database knows small [\s\S]*→ Move to a new one/,
    );
    expect(await examineDatabase("encoding 'LATIN1'")).toMatch(/✗ The database is encoded in LATIN1/);
    await db.destroy();
    await database.drop();
  });

  it('tells of a pause, counts what waits, and misses the trigger that frees the parked ones', async () => {
    const database = await createTestDatabase();
    const db = openDatabase({ url: database.url, applicationName: 'doctor-test' });
    await sql`insert into users (username) values ('olga')`.execute(db);
    await sql`insert into support_tickets (user_id, subject) values (1, 'Subject')`.execute(db);
    await sql`insert into support_messages (ticket_id, author, message)
      select 1, 'admin', 'Reply' from generate_series(1, 3)`.execute(db);
    await sql`insert into notifications (message_id, ticket_id, user_id, status, reason, due_at) values
      (1, 1, 1, 'parked', 'no_telegram_id', now()), (2, 1, 1, 'failed', 'button_refused', now()),
      (3, 1, 1, 'pending', null, now() - interval '5 minutes')`.execute(db);
    await pauseUntilProbed(db, {
      kind: 'token',
      reason: 'bot_token_refused',
      detail: 'Unauthorized',
      tokenFingerprint: 'any',
    });
    await pauseByOperator(db, 'Eve');
    await sql`alter table users disable trigger users_free_parked_notifications`.execute(db);
    await sql`drop trigger support_tickets_note_subject on support_tickets`.execute(db);

    const { output } = await examine({ DATABASE_URL: database.url });
    expect(output).toMatch(/! Deliveries are paused since \S+: bot_token_refused \(Unauthorized\)/);
    expect(output).toMatch(
      /! Deliveries are paused since \S+: paused_by_operator \(Eve\)[\s\S]*POST \/api\/admin\/delivery\/resume/,
    );
    expect(output).toContain('! 1 parked: no_telegram_id 1');
    expect(output).toContain('! 1 failed: button_refused 1');
    expect(output).toContain('! 1 notifications are overdue, the oldest for 30');
    expect(output).toContain(
      '✗ Missing or disabled triggers: users.users_free_parked_notifications, support_tickets.support_tickets_note_subject.',
    );
    expect(output).toContain(
      'ALTER TABLE users ENABLE TRIGGER USER; ALTER TABLE support_tickets ENABLE TRIGGER USER;',
    );
    await db.destroy();
    await database.drop();
  });
});
