import { type RawBuilder, sql } from 'kysely';

type Duration = (count: number) => RawBuilder<unknown>;

export const milliseconds: Duration = (count) => sql`(${count}::double precision * interval '1 millisecond')`;
export const hours: Duration = (count) => sql`(${count}::double precision * interval '1 hour')`;
export const days: Duration = (count) => sql`(${count}::double precision * interval '1 day')`;

/** An interval as milliseconds. */
export const inMs = (interval: RawBuilder<unknown>) =>
  sql`(extract(epoch from ${interval}) * 1000)::double precision`;
