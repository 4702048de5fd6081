/**
 * What an error says, also when it is a group of errors (`localhost` that answers on neither of its addresses) or hides
 * its cause as `fetch` does. Neither pg, ioredis nor fetch put passwords or paths into these messages.
 */
export function errorMessage(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') {
    return [...new Set(error.errors.map(errorMessage))].join(', ');
  }
  if (error instanceof Error && error.cause !== undefined) return errorMessage(error.cause);
  return error instanceof Error ? error.message : String(error);
}
