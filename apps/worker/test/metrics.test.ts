import { readFileSync } from 'node:fs';
import { createTestDatabase, findFreePort } from '@replybell/testing';
import { expect, onTestFinished, test } from 'vitest';
import { openHarness } from './harness.ts';

test('a worker counts its attempts and times its steps, as docs/metrics.md describes', async () => {
  const database = await createTestDatabase();
  const env = { DATABASE_URL: database.url };
  const harness = await openHarness({ name: 'postgres', open: async () => ({ env, close: database.drop }) });
  onTestFinished(() => harness.close());
  const port = await findFreePort();
  const worker = await harness.startWorker({ WORKER_PORT: String(port) });
  await harness.telegram.addFault({ kind: 'html502', times: 1 });
  await harness.reply({ subject: 'canary' });
  await worker.waitForLog('Telegram notification sent');

  const response = await fetch(`http://127.0.0.1:${port}/metrics`);
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  const metrics = await response.text();
  for (const line of [
    'replybell_attempts_total{outcome="retry"} 1',
    'replybell_attempts_total{outcome="sent"} 1',
    'replybell_attempts_total{outcome="unknown"} 0',
    'replybell_send_seconds_count 2',
    'replybell_settle_seconds_count 2',
  ]) {
    expect(metrics.split('\n')).toContain(line);
  }
  expect(metrics).toMatch(/^replybell_claim_seconds_count \d+$/m);
  expect(metrics).toContain('nodejs_eventloop_lag_seconds');
  expect(metrics).not.toContain('canary');

  const docs = readFileSync(new URL('../../../docs/metrics.md', import.meta.url), 'utf8');
  const section = docs.slice(docs.indexOf('## Worker\n'), docs.indexOf('Both also have'));
  const documented = [...section.matchAll(/^\| `(\w+)` \| (\w+) \| .* \| (.+) \|$/gm)].map((row) =>
    row.slice(1),
  );
  const told = [...metrics.matchAll(/^# HELP (replybell_\w+) (.+)\n# TYPE \w+ (\w+)$/gm)];
  expect(documented).toEqual(told.map(([, name, help, type]) => [name, type, help]));
});
