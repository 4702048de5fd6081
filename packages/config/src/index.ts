export { hostAndPort } from './addresses.ts';
export {
  envFileOf,
  isTelegrams,
  type LoadedConfig,
  parseConfig,
  readEnvironment,
  secretsOf,
} from './load-config.ts';
export type { Config } from './schema.ts';

/** `EX_CONFIG` of sysexits.h: the configuration is wrong and a restart can't help, so pm2 doesn't restart. */
export const EXIT_CONFIG = 78;
