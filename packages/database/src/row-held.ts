/** Somebody else holds the row for long: an operator whose transaction is open, say. As Postgres' `lock_not_available`. */
export class RowHeldError extends Error {
  readonly code = '55P03';

  constructor(of: 'notification' | 'ticket' | 'user') {
    super(`The row of the ${of} is locked`);
  }
}
