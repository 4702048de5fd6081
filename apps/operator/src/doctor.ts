/**
 * Checks an installation part by part and says what to do about what is wrong. Changes nothing. Exits 0 if nothing is
 * wrong, 1 otherwise; warnings don't count.
 */
import { type Config, envFileOf, parseConfig, readEnvironment } from '@replybell/config';
import { findDatabaseIdentity, openDatabase } from '@replybell/database';
import { openQueue } from '@replybell/queue';
import { checkConfiguration } from './check-configuration.ts';
import { checkNode } from './check-node.ts';
import { checkNotifications } from './check-notifications.ts';
import { checkPostgres } from './check-postgres.ts';
import { checkQueue } from './check-queue.ts';
import { checkRedis } from './check-redis.ts';
import { checkTelegram } from './check-telegram.ts';
import { errorMessage } from './error-message.ts';
import { type Finding, formatFinding, problem } from './finding.ts';

let problems = 0;
let warnings = 0;
function report(findings: Finding[]): void {
  for (const finding of findings) {
    console.log(formatFinding(finding));
    if (finding.level === 'problem') problems += 1;
    if (finding.level === 'warning') warnings += 1;
  }
}

const loaded = parseConfig(readEnvironment(process.env));
report([checkNode(process.versions.node), ...checkConfiguration(loaded, envFileOf(process.env))]);
if (loaded.ok) await checkServices(loaded.config);
console.log(`\n${summary()}`);
process.exit(problems === 0 ? 0 : 1);

function summary(): string {
  if (problems > 0) return `Problems: ${problems}. Look at the lines with ✗.`;
  if (warnings > 0) return `No problems, but warnings: ${warnings}. Look at the lines with !.`;
  return 'Nothing is wrong.';
}

async function checkServices(config: Config): Promise<void> {
  const db = openDatabase({
    url: config.DATABASE_URL,
    applicationName: 'replybell-doctor',
    maxConnections: 1,
  });
  const postgres = await checkPostgres(db);
  report(postgres.findings);
  const queue = config.REDIS_URL === undefined ? postgres : await checkRedis(config.REDIS_URL);
  if (queue !== postgres) report(queue.findings);

  const identity = postgres.usable ? await findDatabaseIdentity(db) : undefined;
  if (queue.usable) report(await withQueue(config, identity));
  if (postgres.usable) report(await checkNotifications(db));
  report(await checkTelegram(config));
  await db.destroy();
}

async function withQueue(config: Config, databaseIdentity: string | undefined): Promise<Finding[]> {
  const queue = openQueue(
    { databaseUrl: config.DATABASE_URL, redisUrl: config.REDIS_URL },
    // Whoever asks the queue hears of it: checkQueue.
    { attempts: config.NOTIFICATION_ATTEMPTS, onError: () => undefined },
  );
  try {
    await queue.waitUntilReady();
    return await checkQueue(queue, databaseIdentity);
  } catch (error) {
    return [problem(`Queue: ${errorMessage(error)}`, 'npm run migrate makes its schema in PostgreSQL')];
  } finally {
    await queue.close();
  }
}
