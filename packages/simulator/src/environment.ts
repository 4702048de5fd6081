import type { SimulatorOptions } from './simulator.ts';

/**
 * Reads the options of a simulator from environment variables (the table is in the README). Throws an error that
 * names the variable when one is wrong.
 */
export function readEnvironment(environment: NodeJS.ProcessEnv): SimulatorOptions {
  const text = (name: string) => environment[name]?.trim() || undefined;
  const number = (name: string) => {
    const value = text(name);
    if (value !== undefined && !/^\d+$/.test(value)) throw new Error(`${name} must be a whole number`);
    return value === undefined ? undefined : Number(value);
  };
  const flag = (name: string) => {
    const value = text(name)?.toLowerCase();
    if (value === undefined) return undefined;
    if (['1', 'true', 'on'].includes(value)) return true;
    if (['0', 'false', 'off'].includes(value)) return false;
    throw new Error(`${name} must be 1 or 0`);
  };
  return given({
    host: text('SIMULATOR_HOST'),
    port: number('SIMULATOR_PORT'),
    token: text('BOT_TOKEN'),
    username: text('SIMULATOR_BOT_USERNAME'),
    ledgerPath: text('SIMULATOR_LEDGER'),
    textsKept: number('SIMULATOR_LEDGER_TEXTS'),
    limits: given({
      messagesPerSecond: number('SIMULATOR_MESSAGES_PER_SECOND'),
      chatIntervalMs: number('SIMULATOR_CHAT_INTERVAL_MS'),
    }),
    graceMs: number('SIMULATOR_GRACE_MS'),
    latency: given({
      latencyMs: number('SIMULATOR_LATENCY_MS'),
      jitterMs: number('SIMULATOR_JITTER_MS'),
    }),
    seed: number('SIMULATOR_SEED'),
    knowsEveryUser: flag('SIMULATOR_KNOWS_EVERY_USER'),
    allowHttpWebApps: flag('SIMULATOR_HTTP_WEB_APPS'),
  });
}

type Given<T> = { [Key in keyof T]?: Exclude<T[Key], undefined> };

/** Without the fields that are undefined, so that the defaults of the options hold. */
function given<T extends object>(options: T): Given<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Given<T>;
}
