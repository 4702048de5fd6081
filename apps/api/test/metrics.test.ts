import { readFileSync } from 'node:fs';
import { pauseThrottled } from '@replybell/database';
import { findFreePort } from '@replybell/testing';
import { sql } from 'kysely';
import { expect, onTestFinished, test, vi } from 'vitest';
import { openBeside, useTestApp } from './test-app.ts';

const api = await useTestApp();

const scrape = async (from = api): Promise<string> => (await from.call('GET', '/metrics')).body;

test('the state of the system and the requests are told', async () => {
  const { ticketId } = await api.openTicket();
  await api.call('POST', `/api/admin/tickets/${ticketId}/replies`, { message: 'canary text' });
  await api.call('GET', '/canary-address');
  await pauseThrottled(api.db, { retryAfterMs: 60_000, reason: 'too_many_requests', detail: '' });

  const metrics = await scrape();
  for (const line of [
    'replybell_up{part="database"} 1',
    'replybell_up{part="queue"} 1',
    'replybell_notifications{status="pending"} 1',
    'replybell_notifications{status="failed"} 0',
    'replybell_delivery_paused{kind="throttled"} 1',
    'replybell_delivery_paused{kind="outage"} 0',
    'replybell_queue_workers 0',
    `replybell_event_streams{pid="${process.pid}"} 0`,
  ]) {
    expect(metrics.split('\n')).toContain(line);
  }
  expect(metrics).toMatch(/^replybell_oldest_due_seconds \d/m);
  expect(metrics).toMatch(
    /request_seconds_count\{.*route="\/api\/admin\/tickets\/:id\/replies",status="201".*\} 1/,
  );
  expect(metrics).toMatch(/request_seconds_count\{.*route="unknown",status="404".*\} 1/);
  expect(metrics).not.toContain('canary');
});

test('how long the oldest has waited is told by the clock of the database', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3_600_000 });
  onTestFinished(() => void vi.useRealTimers());
  const { ticketId } = await api.openTicket();
  const { body } = await api.call('POST', `/api/admin/tickets/${ticketId}/replies`, { message: 'Soon' });
  await sql`
    update notifications set due_at = now() - interval '20 minutes' where id = ${body.notification.id}`.execute(
    api.db,
  );
  const [, seconds] = /^replybell_oldest_due_seconds (\S+)$/m.exec(await scrape(await openBeside(api))) ?? [];
  expect(Number(seconds)).toBeGreaterThanOrEqual(1_200);
  expect(Number(seconds)).toBeLessThan(1_300);
});

test('it takes a key', async () => {
  expect((await api.call('GET', '/metrics', undefined, { authorization: 'Bearer wrong' })).status).toBe(401);
  const { headers } = await api.call('GET', '/metrics');
  expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
});

test('without a database it says so, and leaves out what it does not know', async () => {
  const away = `postgres://postgres@127.0.0.1:${await findFreePort()}/app`;
  const lonely = await openBeside(api, { DATABASE_URL: away });
  const metrics = await scrape(lonely);
  expect(metrics).toContain('replybell_up{part="database"} 0');
  expect(metrics).toContain('replybell_up{part="queue"} 0');
  expect(metrics).toContain('nodejs_eventloop_lag_seconds');
  expect(metrics).not.toMatch(/^replybell_(notifications|oldest_due_seconds|queue_workers|queue_paused)\b/m);
});

test('docs/metrics.md describes what is told', async () => {
  const docs = readFileSync(new URL('../../../docs/metrics.md', import.meta.url), 'utf8');
  const section = docs.slice(docs.indexOf('## API\n'), docs.indexOf('## Worker\n'));
  const documented = [...section.matchAll(/^\| `(\w+)` \| (\w+) \| .* \| (.+) \|$/gm)].map((row) =>
    row.slice(1),
  );
  const metrics = await scrape();
  const told = [...metrics.matchAll(/^# HELP (replybell_\w+) (.+)\n# TYPE \w+ (\w+)$/gm)];
  expect(documented).toEqual(told.map(([, name, help, type]) => [name, type, help]));
});
