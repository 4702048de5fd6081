import { parseConfig } from '@replybell/config';

type Environment = Record<string, string | undefined>;

export type Settings = {
  /** Absent: the simulator stands in for Telegram. */
  telegram?: {
    /** Who gets the messages; has pressed Start in the bot. */
    telegramId: number;
    /** What the worker needs to reach the bot: `BOT_TOKEN`, `WEBAPP_URL` and so on. */
    variables: Record<string, string>;
  };
  /** Absent: the queue lives in the demo's own PostgreSQL. */
  redisUrl?: string;
};

export type ReadSettings = { ok: true; settings: Settings } | { ok: false; problems: string[] };

const telegramVariables = [
  'BOT_TOKEN',
  'WEBAPP_URL',
  'WEBAPP_BUTTON',
  'WEBAPP_SHORT_NAME',
  'TELEGRAM_API_ROOT',
];

/**
 * Reads what the demo takes from outside. `DATABASE_URL` is never read: the demo has a database of its own. `REDIS_URL`
 * counts only if it is set for this run, so that the demo never takes jobs from the queue that `.env` names.
 *
 * @param environment the process's variables and `.env`.
 * @param processEnvironment the process's variables alone.
 */
export function readSettings(environment: Environment, processEnvironment: Environment): ReadSettings {
  const redisUrl = processEnvironment['REDIS_URL']?.trim();
  const variables: Record<string, string> = {};
  for (const name of telegramVariables) {
    const value = environment[name]?.trim();
    if (value) variables[name] = value;
  }
  const withToken = variables['BOT_TOKEN'] !== undefined;

  const loaded = parseConfig(
    { DATABASE_URL: 'postgres://embedded', REDIS_URL: redisUrl, ...(withToken && variables) },
    withToken ? ['WEBAPP_URL'] : [],
  );
  const problems = loaded.ok ? [] : loaded.problems;
  const queue = redisUrl ? { redisUrl } : {};
  if (!withToken) return problems.length > 0 ? { ok: false, problems } : { ok: true, settings: queue };

  const telegramId = Number(environment['TELEGRAM_ID']);
  if (!Number.isSafeInteger(telegramId) || telegramId < 1) {
    problems.push(
      'TELEGRAM_ID is not set: it must be the number of the Telegram account that gets the messages (it must have pressed Start in the bot). Without BOT_TOKEN the demo uses its simulator',
    );
  }
  if (problems.length > 0) return { ok: false, problems };
  return { ok: true, settings: { ...queue, telegram: { telegramId, variables } } };
}
