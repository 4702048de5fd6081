import { randomBytes } from 'node:crypto';
import pg from 'pg';

export type DatabaseTemplate = {
  /** Its own name, and the beginning of its copies' names. */
  name: string;
  /** Drops it and every copy that is left. */
  drop(): Promise<void>;
};

/** A database of one's own. */
export type TestDatabase = {
  url: string;
  /** Ends its sessions and drops it. */
  drop(): Promise<void>;
};

/**
 * Creates a database that is migrated once and then copied, which takes a fraction of migrating anew.
 *
 * @param serverUrl connects to any database of the server as a user that may create databases.
 * @param migrate is given the new database's URL; it must have closed its connections when it resolves.
 */
export async function createDatabaseTemplate(
  serverUrl: string,
  migrate: (databaseUrl: string) => Promise<void>,
): Promise<DatabaseTemplate> {
  const name = `replybell_test_${randomBytes(4).toString('hex')}`;
  await execute(serverUrl, `CREATE DATABASE ${name}`);
  const drop = () => dropAll(serverUrl, name);
  try {
    await migrate(urlOf(serverUrl, name));
  } catch (error) {
    await drop();
    throw error;
  }
  return { name, drop };
}

/** Copies a template into a new database. */
export async function copyDatabase(serverUrl: string, template: string): Promise<TestDatabase> {
  const name = `${template}_${randomBytes(4).toString('hex')}`;
  await execute(serverUrl, `CREATE DATABASE ${name} TEMPLATE ${template}`);
  return {
    url: urlOf(serverUrl, name),
    drop: () => execute(serverUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`),
  };
}

function urlOf(serverUrl: string, database: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${database}`;
  return url.href;
}

async function execute(serverUrl: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: serverUrl });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

async function dropAll(serverUrl: string, prefix: string): Promise<void> {
  const client = new pg.Client({ connectionString: serverUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ datname: string }>(
      'SELECT datname FROM pg_database WHERE starts_with(datname, $1)',
      [prefix],
    );
    for (const { datname } of rows) await client.query(`DROP DATABASE IF EXISTS ${datname} WITH (FORCE)`);
  } finally {
    await client.end();
  }
}
