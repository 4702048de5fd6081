import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { ADMIN_API_KEY, conclude, openScene, openTicket, type Scene, untilSettled } from '../src/index.ts';

const MEGABYTE = 1_000_000;

test('hostile requests, many at once', async (context) => {
  const scene = await openScene(context);
  const [api, { ticketId }] = await Promise.all([
    scene.startApi(),
    openTicket(scene.db),
    scene.startWorker(),
  ]);
  const path = `/api/admin/tickets/${ticketId}/replies`;
  const deep = (depth: number) => `${'{"message":'.repeat(depth)}1${'}'.repeat(depth)}`;
  const bodies = [
    `{"message":"${'a'.repeat(10 * MEGABYTE)}"}`,
    deep(5_000),
    '{"message":"a","__proto__":{"polluted":true}}',
    '{"message":"a","constructor":{"prototype":{"polluted":true}}}',
    '{"message":"a","status":"closed"}',
    '{"message":{"toString":"a"}}',
    '[]',
    '{',
  ];
  const rounds = Array.from({ length: 20 }, () => bodies).flat();
  const held = await holdSlowly(scene, 200);
  const statuses = await Promise.all(rounds.map((body) => post(scene, path, body)));

  // 0: a body that was refused while it was still being sent.
  expect(statuses.filter((status) => ![0, 400, 413].includes(status))).toEqual([]);
  expect((await scene.admin.call('GET', `/api/admin/tickets/${ticketId}`)).body.messages).toEqual([]);
  expect(residentBytes(api.pid)).toBeLessThan(500 * MEGABYTE);
  // With all that going on, an admin is answered.
  expect(await scene.admin.reply(ticketId)).toMatchObject({ status: 201 });
  for (const end of held) end();
  await conclude(scene, { row: 23, recoveryMs: await untilSettled(scene), duplicates: 0 });
});

async function post({ env }: Scene, path: string, body: string): Promise<number> {
  const headers = { authorization: `Bearer ${ADMIN_API_KEY}`, 'content-type': 'application/json' };
  const url = `http://127.0.0.1:${env['API_PORT']}${path}`;
  const response = await fetch(url, { method: 'POST', headers, body }).catch(() => undefined);
  if (response) expect(await response.text()).toContain('"code":');
  return response?.status ?? 0;
}

/** Opens connections whose requests never end. @returns functions that close them. */
async function holdSlowly({ env }: Scene, count: number): Promise<(() => void)[]> {
  const opening = Array.from({ length: count }, () => {
    const { promise, resolve, reject } = Promise.withResolvers<() => void>();
    const socket = connect(Number(env['API_PORT']), '127.0.0.1', () => {
      socket.write('POST /api/admin/tickets HTTP/1.1\r\nHost: x\r\nX-Slow: ');
      resolve(() => socket.destroy());
    });
    socket.once('error', reject);
    return promise;
  });
  return Promise.all(opening);
}

/** What a process has in memory; 0 on systems that don't tell it this way. */
function residentBytes(pid: number): number {
  try {
    const [, kilobytes = '0'] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return Number(kilobytes) * 1_024;
  } catch {
    return 0;
  }
}
