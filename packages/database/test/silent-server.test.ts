import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { expect, onTestFinished, test } from 'vitest';
import { isDatabaseAway, openDatabase } from '../src/index.ts';
import { useDatabaseWithSlots } from './fixtures.ts';

const database = await useDatabaseWithSlots();

const STATEMENT_TIMEOUT_MS = 100;
/** Longer than a server may be silent, which is two seconds more than a statement may take. */
const LONG_MS = 2_500;

test('a server that falls silent becomes an error, and an idle connection stays', async () => {
  const { url, fallSilent } = await startRelay(database.url);
  const db = openDatabase({ url, applicationName: 'test', statementTimeoutMs: STATEMENT_TIMEOUT_MS });
  onTestFinished(() => db.destroy());
  const backend = async () =>
    (await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(db)).rows[0]?.pid;

  const before = await backend();
  await sleep(LONG_MS);
  expect(await backend()).toBe(before);

  fallSilent();
  const error = await backend().catch((caught: unknown) => caught);
  expect(error).toMatchObject({ message: 'Query read timeout' });
  expect(isDatabaseAway(error)).toBe(true);
}, 20_000);

/** Passes connections on to the database of `url`, until it passes nothing on any more and leaves them open. */
async function startRelay(url: string): Promise<{ url: string; fallSilent: () => void }> {
  const target = new URL(url);
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    const upstream = connect(Number(target.port), target.hostname);
    sockets.push(socket, upstream);
    for (const end of [socket, upstream]) end.on('error', () => {});
    socket.pipe(upstream).pipe(socket);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const relayed = new URL(url);
  relayed.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: relayed.href,
    fallSilent() {
      for (const socket of sockets) socket.unpipe().pause();
    },
  };
}
