import { existsSync, readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseEnv } from 'node:util';
import Value from 'typebox/value';
import { addressesOfHosts, passwordsIn } from './addresses.ts';
import { expectation, isSecret } from './describe-variable.ts';
import { type Config, schema, type VariableName } from './schema.ts';

type Environment = Record<string, string | undefined>;

export type LoadedConfig =
  | { ok: true; config: Config; warnings: string[] }
  | { ok: false; problems: string[]; missing: VariableName[] };

const defaultEnvFile = fileURLToPath(new URL('../../../.env', import.meta.url));

/** The file whose variables are read: `.env` at the repository's root, or what `ENV_FILE` names. */
export function envFileOf(processEnv: Environment): { path: string; exists: boolean } {
  const path = resolve(processEnv['ENV_FILE'] ?? defaultEnvFile);
  return { path, exists: existsSync(path) };
}

/**
 * Reads `.env` (at the repository's root, or the file that `ENV_FILE` names). Variables of the process go before it,
 * so that `pm2 restart --update-env` and compose can override the file. An absent `.env` is no problem; that
 * `ENV_FILE` names none is one that `parseConfig` tells.
 */
export function readEnvironment(processEnv: Environment): Environment {
  try {
    return { ...parseEnv(readFileSync(envFileOf(processEnv).path, 'utf8')), ...processEnv };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return processEnv;
    throw error;
  }
}

/**
 * Checks an environment against the schema and reports every problem at once. Secrets' values are never repeated.
 *
 * @param environment variables by name; an empty value counts as not set.
 * @param required optional variables that the calling process can't do without; those that are missing come back in
 *   `missing` as well, because a missing `BOT_TOKEN` has its own log line.
 */
export function parseConfig(environment: Environment, required: VariableName[] = []): LoadedConfig {
  const given: Record<string, unknown> = {};
  for (const name of Object.keys(schema.properties)) {
    const value = environment[name]?.trim();
    if (value) given[name] = value;
  }
  const candidate = Value.Convert(schema, Value.Default(schema, given));

  const webhook = given['TELEGRAM_UPDATES'] === 'webhook';
  const missing = [
    ...(schema.required as VariableName[]),
    ...required,
    ...(webhook ? (['TELEGRAM_WEBHOOK_SECRET'] as const) : []),
  ].filter((name) => (candidate as Environment)[name] === undefined);
  const wrong = new Set(
    Value.Errors(schema, candidate).map((error) => error.instancePath.split('/')[1] ?? ''),
  );
  wrong.delete('');
  for (const name of addresses) {
    const value = given[name];
    if (typeof value !== 'string') continue;
    if (!addressesOfHosts(value).every((address) => URL.canParse(address))) wrong.add(name);
  }
  if (given['TRUST_PROXY'] !== undefined && !areNetworks(String(given['TRUST_PROXY'])))
    wrong.add('TRUST_PROXY');
  const problems = [
    ...missingEnvFile(environment),
    ...missing.map((name) => `${name} is not set: it must be ${expectation(name)}`),
    ...[...wrong].map((name) => problemWith(name as VariableName, String(given[name]))),
  ];
  if (!wrong.has('TELEGRAM_API_ROOT') && isPlainWebAppOfTelegrams(candidate as Config)) {
    problems.push(`WEBAPP_URL must be an https address that Telegram can open, not "${given['WEBAPP_URL']}"`);
  }
  if (!Value.Check(schema, candidate) || problems.length > 0) return { ok: false, problems, missing };
  return withoutTrailingSlash(candidate);
}

function missingEnvFile(environment: Environment): string[] {
  if (environment['ENV_FILE'] === undefined) return [];
  const { path, exists } = envFileOf(environment);
  return exists ? [] : [`ENV_FILE must name a file that is there, not "${path}"`];
}

function problemWith(name: VariableName, value: string): string {
  const shown = isSecret(name) ? '' : `, not "${value}"`;
  return `${name} must be ${expectation(name)}${shown}`;
}

/** A pattern lets much pass that is no address, such as a port above 65535. */
const addresses = ['DATABASE_URL', 'REDIS_URL', 'WEBAPP_URL', 'TELEGRAM_API_ROOT', 'PUBLIC_URL'] as const;

function areNetworks(list: string): boolean {
  return list.split(',').every((part) => {
    const [address = '', prefix = '0'] = part.trim().split('/');
    const version = isIP(address);
    return version === 0 ? /^[a-z]+$/.test(address) : Number(prefix) <= (version === 4 ? 32 : 128);
  });
}

/** Telegram opens https addresses only. */
const isPlainWebAppOfTelegrams = (config: Config) =>
  config.WEBAPP_URL?.startsWith('http:') && isTelegrams(config);

function withoutTrailingSlash(config: Config): LoadedConfig {
  if (!config.WEBAPP_URL?.endsWith('/')) return { ok: true, config, warnings: [] };
  return {
    ok: true,
    config: { ...config, WEBAPP_URL: config.WEBAPP_URL.replace(/\/+$/, '') },
    warnings: ['WEBAPP_URL ended with a slash: it was removed'],
  };
}

/** Whether the Bot API is Telegram's, which takes https addresses only, and no server of one's own. */
export function isTelegrams({ TELEGRAM_API_ROOT: apiRoot }: Config): boolean {
  return new URL(apiRoot).hostname === 'api.telegram.org';
}

/** Every secret that an environment holds, and what gives away the passwords in its addresses: none may stand in a log. */
export function secretsOf(environment: Environment): string[] {
  const names = (Object.keys(schema.properties) as VariableName[]).filter(isSecret);
  return names.flatMap((name) => {
    const value = environment[name];
    return value ? [value, ...passwordsIn(value)] : [];
  });
}
