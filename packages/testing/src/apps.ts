import { devNull } from 'node:os';
import { fileURLToPath } from 'node:url';
import { createSimulatorClient, type SimulatorClient } from '@replybell/simulator';
import { type LogQuery, type StartedProcess, startProcess } from './started-process.ts';

/** Variables by name; everything else has its default. The developer's `.env` isn't read. */
export type Environment = Record<string, string>;

/** A started process that answers HTTP at `url`, which has no slash at its end. */
export type StartedServer = StartedProcess & { url: string };

/**
 * Starts `apps/api` on a free port; resolves when it listens.
 *
 * @param env must hold what the API requires, `DATABASE_URL` and `ADMIN_API_KEY`.
 */
export async function startApi(env: Environment): Promise<StartedServer> {
  const api = await startEntry(
    'API',
    'apps/api/src/main.ts',
    { API_PORT: '0', ...env },
    'API listening on http',
  );
  return { ...api, url: addressIn(api, 'API listening on http') };
}

/** Starts `apps/worker`; resolves when it takes jobs. */
export async function startWorker(env: Environment): Promise<StartedProcess> {
  return startEntry('Worker', 'apps/worker/src/main.ts', env, 'Worker ready');
}

/**
 * Starts the Bot API simulator on a free port. Its `url` is what `TELEGRAM_API_ROOT` expects.
 *
 * @param env as in the simulator's README, e.g. `SIMULATOR_MESSAGES_PER_SECOND`.
 */
export async function startSimulator(
  env: Environment = {},
): Promise<StartedServer & { client: SimulatorClient }> {
  const ready = 'Bot API simulator listening on http';
  const simulator = await startEntry('Simulator', 'packages/simulator/src/main.ts', env, ready);
  const url = addressIn(simulator, ready);
  return { ...simulator, url, client: createSimulatorClient(url) };
}

/** Starts an entry file of this repository under this Node, as `node <file>` does. */
export async function startEntry(
  name: string,
  file: string,
  env: Environment,
  readyWhen?: LogQuery,
  args: string[] = [],
): Promise<StartedProcess> {
  return startProcess({
    name,
    command: process.execPath,
    args: [fileURLToPath(new URL(`../../../${file}`, import.meta.url)), ...args],
    env: { ENV_FILE: devNull, LOG_FORMAT: 'json', ...env },
    ...(readyWhen !== undefined && { readyWhen }),
  });
}

function addressIn(started: StartedProcess, text: string): string {
  const line = started.lines.find((candidate) => candidate.text.includes(text));
  const address = line?.text.match(/https?:\/\/[^\s"/]+/)?.[0];
  if (address === undefined) throw new Error(`${started.name} did not log its address`);
  return address;
}
