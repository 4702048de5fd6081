/** Somebody else holds the row for long: an operator whose transaction is open, say. As Postgres' `lock_not_available`. */
export class RowLockedError extends Error {
  readonly code = '55P03';
}
