/**
 * Brings the schema in `DATABASE_URL` up to date, and BullMQ's own, which is needed where `REDIS_URL` is not set. Waits
 * half a minute for a Postgres that is away. Safe to run again and by several at once. Exits 0, 78 if the configuration is
 * wrong, 1 if it could not be done.
 */
import { EXIT_CONFIG, parseConfig, readEnvironment } from '@replybell/config';
import { migrateToLatest } from '@replybell/database';
import { migrateQueue } from '@replybell/queue';
import { errorMessage } from './error-message.ts';
import { postgresAdvice } from './postgres-advice.ts';
import { waitForPostgres } from './wait-for-postgres.ts';

const POSTGRES_STARTS_WITHIN_MS = 30_000;

const loaded = parseConfig(readEnvironment(process.env));
if (!loaded.ok) {
  for (const problem of loaded.problems) console.error(problem);
  process.exit(EXIT_CONFIG);
}

const databaseUrl = loaded.config.DATABASE_URL;
const { host, pathname } = new URL(databaseUrl);
try {
  const onHeldUp = () =>
    console.log('Waiting: somebody uses the tables, or migrates too. pg_stat_activity shows who.');
  const ran = await waitForPostgres(() => migrateToLatest(databaseUrl, onHeldUp), {
    timeoutMs: POSTGRES_STARTS_WITHIN_MS,
    onWait: (reason) => console.log(`Waiting for Postgres at ${host}: ${reason}`),
  });
  for (const name of ran) console.log(`Migrated: ${name}`);
  await migrateQueue(databaseUrl);
  console.log(`The database ${pathname.slice(1)} at ${host} is up to date`);
} catch (error) {
  console.error(`The database ${pathname.slice(1)} at ${host} could not be migrated: ${errorMessage(error)}`);
  const advice = postgresAdvice(error);
  if (advice !== undefined) console.error(advice);
  process.exitCode = 1;
}
