import { createHash } from 'node:crypto';
import pg from 'pg';

const names = new Map<string, string>();

function nameOf(text: string): string {
  let name = names.get(text);
  if (name === undefined) {
    name = createHash('sha256').update(text).digest('hex').slice(0, 32);
    names.set(text, name);
  }
  return name;
}

/**
 * A pg client that prepares each statement with parameters once per connection, under a name made of its text: planning
 * the claim takes longer than running it. The texts are few, as all of them stand in this package's source.
 *
 * Kysely calls `query(text, values)`; other forms of the call pass through as they are.
 */
export class PreparingClient extends pg.Client {
  constructor(config?: string | pg.ClientConfig) {
    super(config);
    // The pool hears of errors of idle clients only. One that is checked out when its session ends tells its caller by the
    // failing query, or is dropped at its release; without a listener the event would end the process.
    this.on('error', () => {});
  }

  override query = ((text: unknown, values: unknown, ...rest: unknown[]) => {
    const query = super.query as (...args: unknown[]) => unknown;
    if (typeof text !== 'string' || !Array.isArray(values) || values.length === 0) {
      return query.call(this, text, values, ...rest);
    }
    return query.call(this, { name: nameOf(text), text, values }, ...rest);
  }) as pg.Client['query'];
}
