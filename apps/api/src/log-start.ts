import { type Config, hostAndPort } from '@replybell/config';
import { type Db, databaseState } from '@replybell/database';
import { type Logger, reasonOf, texts } from '@replybell/logger';

const START_CHECK_TIMEOUT_MS = 3_000;

/** Says what is configured. The API works without a bot: what is missing here is the worker's to refuse. */
export function logConfiguration(logger: Logger, config: Config, warnings: string[]): void {
  for (const warning of warnings) logger.warn({ stage: 'start' }, warning);

  const token = config.BOT_TOKEN === undefined ? texts.tokenMissing : texts.tokenConfigured;
  const webApp =
    config.WEBAPP_URL === undefined ? texts.webAppUrlMissing : texts.webAppUrl(config.WEBAPP_URL);
  logger[config.BOT_TOKEN === undefined ? 'warn' : 'info']({ stage: token.stage }, token.text);
  logger[config.WEBAPP_URL === undefined ? 'warn' : 'info']({ stage: webApp.stage }, webApp.text);
}

/** Says what an operator must do before anything can be stored. The API starts all the same: it heals by itself. */
export async function logDatabaseState(logger: Logger, db: Db): Promise<void> {
  const state = await databaseState(db, START_CHECK_TIMEOUT_MS);
  switch (state.kind) {
    case 'ready':
      return;
    case 'migrations_pending':
      logger.error(
        { stage: 'start', migrations: state.migrations },
        'The database lacks migrations: run `npm run migrate`. Until then requests are answered 503',
      );
      return;
    case 'unavailable':
      logger.error(
        { stage: 'start', reason: reasonOf(state.error) },
        `The database can not be used (${reasonOf(state.error)}): start PostgreSQL or correct DATABASE_URL. Until then requests are answered 503`,
      );
      return;
    default:
      state satisfies never;
  }
}

/** Says why the API can't listen, and what to do. */
export function logListenFailure(logger: Logger, error: unknown, config: Config): void {
  const where = hostAndPort(config.API_HOST, config.API_PORT);
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'EADDRINUSE':
      logger.fatal({ stage: 'start' }, `${where} is in use by another program: stop it, or set API_PORT`);
      return;
    case 'EACCES':
      logger.fatal({ stage: 'start' }, `No permission to listen on ${where}: set API_PORT to 1024 or more`);
      return;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      logger.fatal({ stage: 'start' }, `${where} is no address of this machine: set API_HOST`);
      return;
    default:
      logger.fatal({ stage: 'start', err: error }, `The API can not listen on ${where}: ${reasonOf(error)}`);
  }
}
