/**
 * Writes the API's contract to the given file; with `--check` it only compares, and exits with 1 if they differ. It
 * takes no database, no queue and no configuration: the parts are made, but nothing connects them.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { parseConfig } from '@replybell/config';
import { openDatabase } from '@replybell/database';
import { createLogger } from '@replybell/logger';
import { createEnqueuer, openQueue } from '@replybell/queue';
import { buildApp } from '../app.ts';

const options = process.argv.slice(2);
const file = options.find((option) => !option.startsWith('--')) ?? 'openapi.json';
const contract = await readContract();

if (!options.includes('--check')) {
  writeFileSync(file, contract);
} else if (readFileSync(file, 'utf8') !== contract) {
  console.error(`${file} is not what the routes say: run \`npm run openapi\` and commit it`);
  process.exit(1);
}

async function readContract(): Promise<string> {
  const nowhere = 'postgres://nobody@127.0.0.1:1/nothing';
  const loaded = parseConfig({ DATABASE_URL: nowhere, ADMIN_API_KEY: 'k'.repeat(32) });
  if (!loaded.ok) throw new Error(loaded.problems.join('; '));
  const { config } = loaded;
  const ignore = () => undefined;
  const logger = createLogger({ name: 'openapi', level: 'fatal', format: 'json', secrets: [] });
  const db = openDatabase({ url: nowhere, applicationName: 'replybell-openapi' });
  const queue = openQueue({ databaseUrl: nowhere }, { attempts: 1, onError: ignore });
  const enqueuer = createEnqueuer(queue, { onFailed: ignore });
  const app = buildApp({ config, logger, db, queue, enqueuer, bot: undefined });
  try {
    await app.ready();
    return `${JSON.stringify(app.swagger(), null, 2)}\n`;
  } finally {
    await app.close();
    await enqueuer.close();
    await queue.close().catch(ignore);
    await db.destroy();
  }
}
