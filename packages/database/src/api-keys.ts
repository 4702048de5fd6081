import { randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import { inMs } from './durations.ts';
import type { Role } from './identity-tables.ts';
import type { Db } from './schema.ts';
import { hashOf } from './secret-hash.ts';

export type ApiKey = {
  id: number;
  name: string;
  role: Role;
  /** The key's first characters, by which people tell keys apart. */
  start: string;
  expiresAt: Date | null;
  revokedAt: Date | null;
  /** Exact to the minute. */
  lastUsedAt: Date | null;
  createdAt: Date;
};

const columns = [
  'id',
  'name',
  'role',
  'start',
  'expires_at as expiresAt',
  'revoked_at as revokedAt',
  'last_used_at as lastUsedAt',
  'created_at as createdAt',
] as const;

/** Found by scanners of leaked secrets, and in one's own files. */
const PREFIX = 'rb_';
const START_LENGTH = PREFIX.length + 6;

/** Makes an API key. `secret` is the key itself: it is told here, once, and kept nowhere. */
export async function insertApiKey(
  db: Db,
  key: { name: string; role: Role; expiresAt: Date | null },
): Promise<{ apiKey: ApiKey; secret: string }> {
  const secret = PREFIX + randomBytes(32).toString('base64url');
  const apiKey = await db
    .insertInto('api_keys')
    .values({
      name: key.name,
      role: key.role,
      expires_at: key.expiresAt,
      start: secret.slice(0, START_LENGTH),
      hash: hashOf(secret),
    })
    .returning(columns)
    .executeTakeFirstOrThrow();
  return { apiKey, secret };
}

/** All keys, the newest first, revoked and expired ones too. */
export async function listApiKeys(db: Db): Promise<ApiKey[]> {
  return db.selectFrom('api_keys').select(columns).orderBy('id', 'desc').execute();
}

/** Ends a key for good; one that is revoked already stays as it is. */
export async function revokeApiKey(db: Db, id: number): Promise<ApiKey | undefined> {
  return db
    .updateTable('api_keys')
    .set({ revoked_at: sql<Date>`coalesce(revoked_at, now())` })
    .where('id', '=', id)
    .returning(columns)
    .executeTakeFirst();
}

/** A key that is valid for so long yet, unless it is revoked; null: for good. */
export type ValidApiKey = ApiKey & { expiresInMs: number | null };

/**
 * The key that `secret` is, if it is valid now. It is looked for by its hash: how long that takes tells nothing about
 * a secret of 256 bits.
 */
export async function findValidApiKey(db: Db, secret: string): Promise<ValidApiKey | undefined> {
  if (!secret.startsWith(PREFIX)) return undefined;
  return db
    .selectFrom('api_keys')
    .select(columns)
    .select(sql<number | null>`${inMs(sql`expires_at - now()`)}`.as('expiresInMs'))
    .where('hash', '=', hashOf(secret))
    .where('revoked_at', 'is', null)
    .where(sql<boolean>`(expires_at is null or expires_at > now())`)
    .executeTakeFirst();
}

/** Notes that a key was used. Not more than once a minute, so that a busy key's row isn't rewritten at each request. */
export async function noteApiKeyUse(db: Db, id: number): Promise<void> {
  await sql`
    update api_keys set last_used_at = now()
    where id = ${id} and (last_used_at is null or last_used_at <= now() - interval '1 minute')`.execute(db);
}
