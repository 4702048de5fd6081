import type { ColumnType } from 'kysely';

/** Written by the column's default alone. */
export type CreatedAt = ColumnType<Date, never, never>;
export type UpdatedAt = ColumnType<Date, never, Date>;
