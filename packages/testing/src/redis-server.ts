import { execFile } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findFreePort } from './free-port.ts';
import { startProcessGuard } from './process-guard.ts';
import { startProcess } from './started-process.ts';

const run = promisify(execFile);

/** More than the 16 that Redis has by default: each test file takes one (see redis-database.ts). */
export const redisDatabases = 64;

export type RedisProgram = { command: string; version: string };

/** `redis-server` or `valkey-server` of the PATH, or `undefined` where there is neither. */
export async function findRedisProgram(): Promise<RedisProgram | undefined> {
  for (const command of ['redis-server', 'valkey-server']) {
    const output = await run(command, ['--version']).catch(() => undefined);
    const version = output?.stdout.match(/v=(\S+)/)?.[1];
    if (version !== undefined) return { command, version };
  }
  return undefined;
}

export type RedisServerOptions = {
  /** A port of 127.0.0.1; a free one if not given. */
  port?: number;
  /** Further settings as on Redis' command line, e.g. `['--appendonly', 'yes']`. Without any, nothing is stored on disk. */
  args?: string[];
};

export type RedisServer = {
  /** Stays the same over restarts. */
  url: string;
  /** Changes when it starts again. */
  readonly pid: number;
  /** Ends the server and removes its folder. */
  stop(): Promise<void>;
  /** SIGKILL. What it stored on disk stays. */
  kill(): Promise<void>;
  /** Starts it again after `kill()`, or ends it in good order first. Resolves when it takes commands. */
  restart(): Promise<void>;
};

/**
 * Starts a private Redis (or Valkey) from the PATH in a new folder. It ends, and its folder goes, with this process, even
 * if that is killed.
 *
 * @throws if there is no such program or it can't start; the message says which or holds its last lines.
 */
export async function startRedisServer(options: RedisServerOptions = {}): Promise<RedisServer> {
  const program = await findRedisProgram();
  if (!program) throw new Error('Neither redis-server nor valkey-server is on the PATH');
  const folder = await mkdtemp(join(tmpdir(), 'replybell-redis-'));
  const guard = startProcessGuard({ signal: 'KILL', folder });
  const port = options.port ?? (await findFreePort());
  const settings = {
    port: String(port),
    bind: '127.0.0.1',
    dir: folder,
    save: '',
    databases: String(redisDatabases),
    'maxmemory-policy': 'noeviction',
  };
  const start = () =>
    startProcess({
      name: program.command,
      command: program.command,
      args: [
        ...Object.entries(settings).flatMap(([key, value]) => [`--${key}`, value]),
        ...(options.args ?? []),
      ],
      readyWhen: 'Ready to accept connections',
      guard,
    });

  try {
    let server = await start();
    return {
      url: `redis://127.0.0.1:${port}`,
      get pid() {
        return server.pid;
      },
      async stop() {
        await server.stop();
        await guard.finish();
      },
      async kill() {
        await server.kill();
      },
      async restart() {
        await server.stop();
        server = await start();
      },
    };
  } catch (error) {
    await guard.finish();
    throw error;
  }
}
