import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readlinkSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

// npx pm2 start ecosystem.config.js
//
// No secrets here: both programs read .env beside this file. Variables of the shell that starts pm2 go before it, and
// pm2 keeps those until `pm2 restart --update-env`.

/** What is wrong with the Node that this pm2, or its daemon, runs on: cluster mode runs the API on the daemon's own. */
function nodeProblem() {
  const isOld = (version) => Number.parseInt(version.replace('v', ''), 10) < 24;
  if (isOld(process.version)) return `pm2 was started by Node ${process.version}: start it by "npx pm2"`;
  try {
    const daemonId = readFileSync(
      join(process.env['PM2_HOME'] ?? join(homedir(), '.pm2'), 'pm2.pid'),
      'utf8',
    );
    const version = execFileSync(readlinkSync(`/proc/${daemonId.trim()}/exe`), ['--version'], {
      encoding: 'utf8',
    });
    return isOld(version)
      ? `pm2's daemon runs on Node ${version.trim()}: renew it by "npx pm2 update"`
      : undefined;
  } catch {
    // There is no daemon yet, or no /proc: nothing can be told.
    return undefined;
  }
}

const problem = nodeProblem();
if (problem) {
  console.error(`${problem}. Replybell needs Node 24, which npm ci has installed beside it.`);
  process.exit(1);
}

/** The Node that npm ci has installed for this platform, so that a daemon on an older one does no harm. */
const pinnedNode = join(import.meta.dirname, 'node_modules/.bin/node');

const shared = {
  cwd: import.meta.dirname,
  // Ready means that the API listens, or that the worker takes jobs; a worker waits for Postgres before.
  wait_ready: true,
  listen_timeout: 15_000,
  // Longer than DRAIN_TIMEOUT_MS (20 s) and what follows it: pm2 kills what hasn't ended by then.
  kill_timeout: 26_000,
  // Wrong configuration (EX_CONFIG): a restart can't help.
  // No exp_backoff_restart_delay beside it: pm2 would show such a process as "waiting restart" for ever.
  stop_exit_codes: [78],
  merge_logs: true,
};

export const apps = [
  {
    ...shared,
    name: 'api',
    script: 'apps/api/src/main.ts',
    // Processes share the port, and a reload starts the new one before it ends the old one: no request is dropped.
    exec_mode: 'cluster',
    interpreter: 'node',
    instances: Number(process.env['API_INSTANCES'] ?? 2),
  },
  {
    ...shared,
    name: 'worker',
    script: 'apps/worker/src/main.ts',
    exec_mode: 'fork',
    interpreter: existsSync(pinnedNode) ? pinnedNode : 'node',
    instances: Number(process.env['WORKERS'] ?? 1),
  },
];
