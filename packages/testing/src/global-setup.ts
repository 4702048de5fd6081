import { migrateToLatest } from '@replybell/database';
import { migrateQueue } from '@replybell/queue';
import type { TestProject } from 'vitest/node';
import { createDatabaseTemplate } from './database-template.ts';
import { startServices } from './services.ts';

declare module 'vitest' {
  interface ProvidedContext {
    services: { postgresUrl: string; templateDatabase: string; redisUrl: string | undefined };
  }
}

/** Vitest calls it once before all test files, and what it returns after them. */
export default async function setUpServices(project: TestProject): Promise<() => Promise<void>> {
  const services = await startServices();
  const template = await createDatabaseTemplate(services.postgres.url, async (databaseUrl) => {
    await migrateToLatest(databaseUrl);
    await migrateQueue(databaseUrl);
  });

  console.log(`Services: ${services.postgres.description}, ${services.redis?.description ?? 'no Redis'}`);
  if (!services.redis) {
    console.warn(
      'WARNING: THE REDIS HALF OF THE SUITES IS SKIPPED: install redis-server or Docker, or set TEST_REDIS_URL',
    );
  }
  project.provide('services', {
    postgresUrl: services.postgres.url,
    templateDatabase: template.name,
    redisUrl: services.redis?.url,
  });
  return async () => {
    await template.drop();
    await services.stop();
  };
}
