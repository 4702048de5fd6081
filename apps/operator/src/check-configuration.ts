import type { Config, LoadedConfig } from '@replybell/config';
import { type Finding, ok, problem, warning } from './finding.ts';

const neededBy: Partial<Record<keyof Config, string>> = {
  BOT_TOKEN: 'the worker exits 78; get one from @BotFather',
  WEBAPP_URL: 'the worker exits 78; the https address of the Mini App',
  ADMIN_API_KEY: 'the API exits 78; make one by: openssl rand -hex 32',
};

/**
 * Every problem of the configuration at once.
 *
 * @param envFile the file that it was read from, if it exists. Variables of the environment go before it.
 */
export function checkConfiguration(
  loaded: LoadedConfig,
  envFile: { path: string; exists: boolean },
): Finding[] {
  const problems = problemsOf(loaded);
  if (envFile.exists) return [ok(`Configuration: ${envFile.path}`), ...problems];
  if (problems.length === 0) return [ok(`Configuration: the environment alone, there is no ${envFile.path}`)];
  return [
    warning(`There is no ${envFile.path}`, `cp .env.example ${envFile.path}, then fill it in`),
    ...problems,
  ];
}

function problemsOf(loaded: LoadedConfig): Finding[] {
  if (!loaded.ok) return loaded.problems.map((text) => problem(text, 'Correct it in .env'));
  const findings = loaded.warnings.map((text) => warning(text, 'Correct it in .env'));
  for (const [name, consequence] of Object.entries(neededBy)) {
    if (loaded.config[name as keyof Config] === undefined) {
      findings.push(problem(`${name} is not set`, `Set it in .env: without it ${consequence}`));
    }
  }
  return [...findings, ...checkOrigin(loaded.config)];
}

/** Where browsers reach the API is known by PUBLIC_URL only. */
function checkOrigin({ WEBAPP_URL: page, PUBLIC_URL: api, CORS_ORIGINS: others = '' }: Config): Finding[] {
  if (page === undefined || api === undefined) return [];
  const { origin } = new URL(page);
  const allowed = [new URL(api).origin, ...others.split(',').map((one) => one.trim())];
  if (allowed.includes(origin)) return [];
  return [
    warning(
      `Pages of ${origin} may not call the API: that is the Mini App's origin, and neither PUBLIC_URL's nor in CORS_ORIGINS`,
      `Add ${origin} to CORS_ORIGINS, if your Mini App calls /api/me`,
    ),
  ];
}
