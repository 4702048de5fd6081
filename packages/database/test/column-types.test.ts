import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { useDatabaseWithSlots } from './fixtures.ts';

const { db } = await useDatabaseWithSlots();

test.each([
  ['2026-11-23 10:12:25.123456+00', '2026-11-23T10:12:25.123Z'],
  ['2026-11-23 10:12:25.1-03:30', '2026-11-23T13:42:25.100Z'],
  ['2026-11-23 10:12:25+00', '2026-11-23T10:12:25.000Z'],
  ['0049-02-03 00:00:00+00', '0049-02-03T00:00:00.000Z'],
  ['0044-03-15 00:00:00+00 BC', '-000043-03-15T00:00:00.000Z'],
])('the time %s is read as it is', async (text, expected) => {
  const { rows } = await sql<{ time: Date }>`select ${text}::timestamptz as time`.execute(db);
  expect(rows[0]?.time.toISOString()).toBe(expected);
});

test.each([
  ['Asia/Kolkata', '2026-11-23T10:12:25.123Z'],
  ['America/St_Johns', '2026-07-01T00:00:00.100Z'],
  // Its offset had seconds.
  ['Europe/Amsterdam', '1850-01-01T00:00:00.000Z'],
])('in the time zone %s the time %s is read as it is', async (zone, expected) => {
  const time = new Date(expected);
  await db.connection().execute(async (connection) => {
    await sql`set time zone ${sql.lit(zone)}`.execute(connection);
    try {
      const { rows } = await sql<{ time: Date }>`select ${time}::timestamptz as time`.execute(connection);
      expect(rows).toEqual([{ time }]);
    } finally {
      await sql`reset time zone`.execute(connection);
    }
  });
});
