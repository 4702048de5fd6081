import { type Db, pendingMigrations, takesChanges } from '@replybell/database';
import { sql } from 'kysely';
import { errorMessage } from './error-message.ts';
import { type Examined, type Finding, ok, problem, warning } from './finding.ts';
import { postgresAdvice } from './postgres-advice.ts';

const OLDEST_VERSION = 15;
const MAX_CLOCK_SKEW_MS = 2_000;
/** All that the migrations made, each with its table. */
const triggers = [
  'users.users_note_new_contact',
  'users.users_free_parked_notifications',
  'support_tickets.support_tickets_move_notifications',
  'users.users_note_username',
  'support_tickets.support_tickets_compose_search_text',
  'support_tickets.support_tickets_note_subject',
  'support_messages.support_messages_note_user_message',
  'notifications.notifications_withdraw_of_erased',
  'notifications.notifications_remove_attempts',
  'notification_attempts.notification_attempts_forget_detail',
];

/** Those whose rows may have been imported with their ids. */
const tablesWithIds = ['users', 'support_tickets', 'support_messages', 'notifications'];

/** Whether Postgres can be reached, is recent enough, keeps what it commits and has the whole schema. */
export async function checkPostgres(db: Db): Promise<Examined> {
  try {
    const state = await readState(db);
    const findings = [
      checkVersion(state),
      checkDurability(state),
      ...checkSession(state),
      checkClock(state),
      ...(await checkLetters(db, state)),
      ...(await checkWritable(db)),
    ];
    const pending = await pendingMigrations(db);
    if (pending.length === 0) {
      findings.push(await checkTriggers(db), ...(await checkSequences(db)));
      return { usable: true, findings };
    }
    const lacking = problem(`The database lacks ${pending.join(', ')}`, 'npm run migrate');
    return { usable: false, findings: [...findings, lacking] };
  } catch (error) {
    const away = problem(
      `Postgres: ${errorMessage(error)}`,
      postgresAdvice(error) ?? 'Look into the log of Postgres',
    );
    return { usable: false, findings: [away] };
  }
}

type State = {
  version: string;
  synchronousCommit: string;
  /** Where `statement_timeout` was set: `client` if the server got what a connection of ours asks for as it begins. */
  timeoutSource: string;
  skewMs: number;
  encoding: string;
};

async function readState(db: Db): Promise<State> {
  const beforeMs = Date.now();
  const { rows } = await sql<Omit<State, 'skewMs'> & { nowMs: number }>`
    select current_setting('server_version') as version,
      current_setting('synchronous_commit') as "synchronousCommit",
      (select source from pg_settings where name = 'statement_timeout') as "timeoutSource",
      current_setting('server_encoding') as encoding,
      (extract(epoch from clock_timestamp()) * 1000)::double precision as "nowMs"`.execute(db);
  const row = rows[0];
  if (!row) throw new Error('no answer');
  return { ...row, skewMs: row.nowMs - (beforeMs + Date.now()) / 2 };
}

function checkVersion({ version }: State): Finding {
  const short = version.split(' ')[0];
  if (Number.parseInt(version, 10) >= OLDEST_VERSION) return ok(`PostgreSQL ${short}`);
  return problem(`PostgreSQL ${short} is older than ${OLDEST_VERSION}`, 'Upgrade the server');
}

async function checkWritable(db: Db): Promise<Finding[]> {
  if (await takesChanges(db)) return [];
  return [
    problem(
      'Postgres takes no changes: replies are answered 503',
      'Lead DATABASE_URL to the primary, or look whether its disk is full',
    ),
  ];
}

function checkDurability({ synchronousCommit }: State): Finding {
  if (synchronousCommit !== 'off') return ok(`synchronous_commit is ${synchronousCommit}`);
  return problem(
    'synchronous_commit is off: replies that were answered 201 can be lost in a crash',
    'ALTER SYSTEM SET synchronous_commit = on; SELECT pg_reload_conf();',
  );
}

function checkSession({ timeoutSource }: State): Finding[] {
  if (timeoutSource === 'client') return [];
  return [
    problem(
      'What a connection sets as it begins does not reach Postgres: a pooler in between ignores it',
      'Lead DATABASE_URL to Postgres itself: docs/queue-backends.md',
    ),
  ];
}

function checkClock({ skewMs }: State): Finding {
  const text = `The clocks of Postgres and this machine differ by ${(Math.abs(skewMs) / 1_000).toFixed(1)} s`;
  if (Math.abs(skewMs) <= MAX_CLOCK_SKEW_MS) return ok(text);
  return warning(text, 'Synchronise them (NTP): logs of different machines do not fit together');
}

async function checkLetters(db: Db, { encoding }: State): Promise<Finding[]> {
  if (encoding !== 'UTF8') {
    return [
      problem(
        `The database is encoded in ${encoding}: texts with other characters are refused`,
        "Move to a new one: CREATE DATABASE … TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8'",
      ),
    ];
  }
  const { rows } = await sql<{ knowsLetters: boolean }>`select lower('Й') = 'й' as "knowsLetters"`.execute(
    db,
  );
  if (rows[0]?.knowsLetters) return [];
  return [
    warning(
      'The database knows small and capital letters of ASCII only: a search for «баланс» does not find «Баланс»',
      "Move to a new one: CREATE DATABASE … TEMPLATE template0 LOCALE 'C.UTF-8'",
    ),
  ];
}

async function checkTriggers(db: Db): Promise<Finding> {
  const { rows } = await sql<{ name: string }>`
    select tgrelid::regclass || '.' || tgname as name from pg_trigger
    where not tgisinternal and tgenabled <> 'D'`.execute(db);
  const missing = triggers.filter((trigger) => !rows.some(({ name }) => name === trigger));
  if (missing.length === 0) return ok('Migrations and triggers');
  const tables = [...new Set(missing.map((trigger) => trigger.split('.')[0]))];
  return problem(
    `Missing or disabled triggers: ${missing.join(', ')}. Parked notifications stay parked, searches miss tickets, or the like`,
    // Not ALL: PostgreSQL's own triggers, of foreign keys, are a superuser's.
    `${tables.map((table) => `ALTER TABLE ${table} ENABLE TRIGGER USER;`).join(' ')} If one is gone, restore it from packages/database/src/migrations`,
  );
}

/** A row that was imported with its id leaves the sequence behind, and the next one is refused as a duplicate. */
async function checkSequences(db: Db): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const table of tablesWithIds) {
    const { rows } = await sql<{ isBehind: boolean }>`
      select coalesce(max(id), 0) > coalesce(pg_sequence_last_value(pg_get_serial_sequence(${table}, 'id')), 0)
        as "isBehind" from ${sql.table(table)}`.execute(db);
    if (!rows[0]?.isBehind) continue;
    findings.push(
      problem(
        `The next id of ${table} is taken already: new rows are refused, and requests answered 500`,
        `SELECT setval(pg_get_serial_sequence('${table}', 'id'), max(id)) FROM ${table};`,
      ),
    );
  }
  return findings;
}
