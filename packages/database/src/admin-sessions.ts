import { sql } from 'kysely';
import type { PageRequest } from './page-request.ts';
import type { Db } from './schema.ts';

/** What better-auth keeps about a browser in which an admin has signed in. */
export type AdminSession = {
  id: number;
  /** As the browser called itself; null if it didn't. */
  userAgent: string | null;
  createdAt: Date;
  /** Exact to the hour. */
  lastUsedAt: Date;
  expiresAt: Date;
};

/** An admin's sessions that haven't expired, the newest first, those before `beforeId` if it is given. */
export async function listAdminSessions(
  db: Db,
  adminId: number,
  { limit, beforeId }: PageRequest,
): Promise<AdminSession[]> {
  let query = db
    .selectFrom('admin_sessions')
    .select((eb) => [
      'id',
      eb.fn<string | null>('nullif', ['user_agent', sql.lit('')]).as('userAgent'),
      'created_at as createdAt',
      'updated_at as lastUsedAt',
      'expires_at as expiresAt',
    ])
    .where('user_id', '=', adminId)
    .where('expires_at', '>', sql<Date>`now()`)
    .orderBy('id', 'desc')
    .limit(limit);
  if (beforeId !== undefined) query = query.where('id', '<', beforeId);
  return query.execute();
}

/** Ends one session of an admin. False if they have no such session. */
export async function endAdminSession(db: Db, adminId: number, id: number): Promise<boolean> {
  const { numDeletedRows } = await db
    .deleteFrom('admin_sessions')
    .where('user_id', '=', adminId)
    .where('id', '=', id)
    .executeTakeFirst();
  return numDeletedRows > 0n;
}

/** Ends all sessions of an admin but one. Returns how many. */
export async function endOtherAdminSessions(db: Db, adminId: number, keptId: number): Promise<number> {
  const { numDeletedRows } = await db
    .deleteFrom('admin_sessions')
    .where('user_id', '=', adminId)
    .where('id', '<>', keptId)
    .executeTakeFirst();
  return Number(numDeletedRows);
}
