import type { Db } from '@replybell/database';
import { sql } from 'kysely';

/** Every row of every table, as text. */
export async function dumpTables(db: Db): Promise<string> {
  const { rows: tables } = await sql<{ name: string }>`
    select format('%I.%I', table_schema, table_name) as name from information_schema.tables
    where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')`.execute(db);
  const contents = await Promise.all(
    tables.map(({ name }) => sql<{ row: string }>`select t::text as row from ${sql.raw(name)} t`.execute(db)),
  );
  return contents.flatMap(({ rows }) => rows.map(({ row }) => row)).join('\n');
}
