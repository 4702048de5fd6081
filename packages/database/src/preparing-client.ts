import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import pg from 'pg';

/** SQLSTATE of a change that the server takes from nobody just now. */
export const READ_ONLY = '25006';

/** Each connection keeps its statements, with their plans, as long as it lives. */
const kept = { most: 500, names: new Map<string, string>() };
/** Of those whose plans take hundreds of kB. */
const keptLarge = { most: 20, names: new Map<string, string>() };

/** @returns undefined if there are too many, which are then planned for each call. */
function nameOf(text: string): string | undefined {
  const { most, names } = text.includes(LARGE_MARK) ? keptLarge : kept;
  let name = names.get(text);
  if (name === undefined && names.size < most) {
    name = createHash('sha256').update(text).digest('hex').slice(0, 32);
    names.set(text, name);
  }
  return name;
}

const UNPREPARED_MARK = '/* unprepared */';
/** In a statement whose text is another each time. */
export const UNPREPARED = sql.raw(UNPREPARED_MARK);

const LARGE_MARK = '/* large plan */';
/** In a statement of which few are to be kept, as its plan takes much memory. */
export const LARGE_PLAN = sql.raw(LARGE_MARK);

/** What defines tables, say, can't be prepared; what has parameters or asks can. */
const isPrepared = (text: string, values: unknown[]): boolean =>
  (values.length > 0 || /^\s*select\b/i.test(text)) && !text.includes(UNPREPARED_MARK);

/**
 * A pg client that prepares each statement once per connection, under a name made of its text: planning the claim takes
 * longer than running it. The texts are few, as all of them stand in this package's source.
 *
 * Kysely calls `query(text, values)`; other forms of the call pass through as they are.
 */
export class PreparingClient extends pg.Client {
  constructor(config?: string | pg.ClientConfig) {
    super(config);
    // The pool hears of errors of idle clients only. One that is checked out when its session ends tells its caller by the
    // failing query, or is dropped at its release; without a listener the event would end the process.
    this.on('error', () => {});
    this.on('drain', () => {
      this.#isWaiting = false;
    });
  }

  /** Whether a statement has no answer yet. */
  get isWaiting(): boolean {
    return this.#isWaiting;
  }
  #isWaiting = false;

  /** Whether the server has refused a change because it takes none. */
  get isReadOnly(): boolean {
    return this.#isReadOnly;
  }
  #isReadOnly = false;

  override query = ((text: unknown, values: unknown, ...rest: unknown[]) => {
    const query = super.query as (...args: unknown[]) => unknown;
    this.#isWaiting = true;
    const isPlain = typeof text === 'string' && Array.isArray(values) && rest.length === 0;
    if (!isPlain) return query.call(this, text, values, ...rest);
    const name = isPrepared(text, values) ? nameOf(text) : undefined;
    // A promise that pg makes itself keeps the rows of every answer alive until V8's next full collection: the quick ones
    // between then copy them all, and hold up the process for 12 ms instead of one.
    return new Promise((resolve, reject) => {
      query.call(this, { name, text, values }, (error: Error | null, result: unknown) => {
        if (!error) return resolve(result);
        if ('code' in error && error.code === READ_ONLY) this.#isReadOnly = true;
        reject(error);
      });
    });
  }) as pg.Client['query'];
}
