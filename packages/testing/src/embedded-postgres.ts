import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chown, mkdtemp, rm, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findFreePort } from './free-port.ts';
import { findServerUser, preparePostgresBinaries, type SystemUser } from './postgres-binaries.ts';
import { startProcessGuard } from './process-guard.ts';
import { type StartedProcess, startProcess } from './started-process.ts';

const run = promisify(execFile);

export type EmbeddedPostgresOptions = {
  /** A port of 127.0.0.1; a free one if not given. */
  port?: number;
  /**
   * `true` (default): every commit reaches the disk, as in production. `false`: the data is in memory where the machine
   * has room; what was committed survives the server's death, but not the machine's.
   */
  durable?: boolean;
};

export type EmbeddedPostgres = {
  /** Connects as superuser to the database `postgres`. Stays the same over restarts. */
  url: string;
  /** The postmaster's. Changes when it starts again. */
  readonly pid: number;
  /** Ends the server (fast shutdown: sessions are ended, transactions rolled back) and removes its folder. */
  stop(): Promise<void>;
  /** SIGKILL to the postmaster. Resolves when its sessions are gone too. The data stays. */
  kill(): Promise<void>;
  /** Starts it again on its data after `kill()`, or ends it in good order first. Resolves when it takes connections. */
  restart(): Promise<void>;
};

const alwaysSet = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '300',
  // Shared memory in the data folder, where it is removed even after SIGKILL.
  dynamic_shared_memory_type: 'mmap',
};
const notDurable = {
  fsync: 'off',
  full_page_writes: 'off',
  // Copying a template would wait for a vacuum in it.
  autovacuum_naptime: '10min',
};

/**
 * Initialises and starts a private Postgres server in a new folder, in about a second. It ends, and its folder goes, with
 * this process, even if that is killed. Works as root too: the server then runs as `nobody`.
 *
 * @throws if the server can't start; the message holds its last lines.
 */
export async function startEmbeddedPostgres(
  options: EmbeddedPostgresOptions = {},
): Promise<EmbeddedPostgres> {
  const { durable = true } = options;
  const parent = durable ? tmpdir() : await memoryFolder();
  const folder = await mkdtemp(join(parent, 'replybell-postgres-'));
  const guard = startProcessGuard({ signal: 'QUIT', folder });
  try {
    const user = await findServerUser();
    if (user) await chown(folder, user.uid, user.gid);
    const binaries = await preparePostgresBinaries(user, folder);
    const password = randomBytes(12).toString('hex');
    await initialise({ binaries, folder, user, password });

    const port = options.port ?? (await findFreePort());
    const settings = { ...alwaysSet, ...(durable ? {} : notDurable), port: String(port) };
    const start = () =>
      startProcess({
        name: 'Postgres',
        command: join(binaries, 'bin', 'postgres'),
        args: [
          '-D',
          join(folder, 'data'),
          ...Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`]),
        ],
        env: { LC_MESSAGES: 'C' },
        readyWhen: 'database system is ready to accept connections',
        readyTimeoutMs: 60_000,
        ...(user && { user }),
        guard,
      });

    let server = await start();
    return {
      url: `postgres://postgres:${password}@127.0.0.1:${port}/postgres`,
      get pid() {
        return server.pid;
      },
      async stop() {
        await shutDown(server);
        await guard.finish();
      },
      async kill() {
        await server.kill();
      },
      async restart() {
        await shutDown(server);
        server = await start();
      },
    };
  } catch (error) {
    await guard.finish();
    throw error;
  }
}

/**
 * Linux' file system in memory if it has 2 GiB left (in a container it often has 64 MiB). Copying a database there takes
 * 20 ms rather than up to 300.
 */
async function memoryFolder(): Promise<string> {
  const room = await statfs('/dev/shm').catch(() => undefined);
  return room && room.bavail * room.bsize > 2 * 1024 ** 3 ? '/dev/shm' : tmpdir();
}

/** SIGINT is Postgres' fast shutdown. */
async function shutDown(server: StartedProcess): Promise<void> {
  await server.stop('SIGINT');
}

type Cluster = { binaries: string; folder: string; user: SystemUser | undefined; password: string };

async function initialise({ binaries, folder, user, password }: Cluster): Promise<void> {
  const passwordFile = join(folder, 'password');
  await writeFile(passwordFile, password, { mode: 0o600 });
  if (user) await chown(passwordFile, user.uid, user.gid);
  const args = ['--pgdata', join(folder, 'data'), '--username', 'postgres', '--pwfile', passwordFile];
  // C.UTF-8 of Postgres' own needs no locale of the machine's, and lower() and ILIKE know Cyrillic.
  const locale = [
    '--encoding',
    'UTF8',
    '--locale',
    'C',
    '--locale-provider',
    'builtin',
    '--builtin-locale',
    'C.UTF-8',
  ];
  await run(
    join(binaries, 'bin', 'initdb'),
    [...args, ...locale, '--auth', 'scram-sha-256', '--no-sync', '--no-instructions'],
    { cwd: folder, ...user },
  );
  await rm(passwordFile);
}
