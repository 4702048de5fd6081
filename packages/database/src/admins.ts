import { sql, type Transaction } from 'kysely';
import type { Role } from './identity-tables.ts';
import type { Database, Db } from './schema.ts';
import { inTransaction } from './transaction.ts';

export type Admin = {
  id: number;
  email: string;
  name: string;
  role: Role;
  disabledAt: Date | null;
  createdAt: Date;
  updatedAt: Date;
};

const columns = [
  'id',
  'email',
  'name',
  'role',
  'disabled_at as disabledAt',
  'created_at as createdAt',
  'updated_at as updatedAt',
] as const;

export type InsertedAdmin = { kind: 'inserted'; admin: Admin } | { kind: 'email_taken' };

/** Creates an admin who signs in by password. The email counts in any case: `A@b.c` is `a@b.c`. */
export async function insertAdmin(
  db: Db,
  { email, name, role, passwordHash }: { email: string; name: string; role: Role; passwordHash: string },
): Promise<InsertedAdmin> {
  return inTransaction(db, async (trx) => {
    const admin = await trx
      .insertInto('admins')
      .values({ email: email.toLowerCase(), name, role })
      .onConflict((conflict) => conflict.column('email').doNothing())
      .returning(columns)
      .executeTakeFirst();
    if (!admin) return { kind: 'email_taken' };
    await trx
      .insertInto('admin_accounts')
      .values({ user_id: admin.id, account_id: String(admin.id), password: passwordHash })
      .execute();
    return { kind: 'inserted', admin };
  });
}

/** All admins, the newest first, disabled ones too. */
export async function listAdmins(db: Db): Promise<Admin[]> {
  return db.selectFrom('admins').select(columns).orderBy('id', 'desc').execute();
}

export async function findAdminByEmail(db: Db, email: string): Promise<Admin | undefined> {
  return db.selectFrom('admins').select(columns).where('email', '=', email.toLowerCase()).executeTakeFirst();
}

/**
 * The hash of an admin's password, which nobody else changes until the transaction ends: of two changes that race, the
 * second sees what the first made of it.
 */
export async function lockPasswordHash(trx: Transaction<Database>, id: number): Promise<string | null> {
  // The row that `updateAdmin` takes first.
  await trx.selectFrom('admins').select('id').where('id', '=', id).forNoKeyUpdate().execute();
  const account = await trx
    .selectFrom('admin_accounts')
    .select('password')
    .where('user_id', '=', id)
    .executeTakeFirst();
  return account?.password ?? null;
}

export type AdminChanges = {
  role?: Role | undefined;
  /** A disabled admin can't sign in; what they did stays. */
  disabled?: boolean | undefined;
  passwordHash?: string | undefined;
};

/** Changes an admin. Disabling, and another password, end their sessions. */
export async function updateAdmin(
  db: Db,
  id: number,
  { role, disabled, passwordHash }: AdminChanges,
): Promise<Admin | undefined> {
  return inTransaction(db, async (trx) => {
    const admin = await trx
      .updateTable('admins')
      .set({
        updated_at: sql<Date>`now()`,
        ...(role !== undefined && { role }),
        ...(disabled !== undefined && {
          disabled_at: disabled ? sql<Date>`coalesce(disabled_at, now())` : null,
        }),
      })
      .where('id', '=', id)
      .returning(columns)
      .executeTakeFirst();
    if (!admin) return undefined;
    if (passwordHash !== undefined) {
      await trx
        .updateTable('admin_accounts')
        .set({ password: passwordHash, updated_at: sql<Date>`now()` })
        .where('user_id', '=', id)
        .execute();
    }
    if (disabled || passwordHash !== undefined) {
      await trx.deleteFrom('admin_sessions').where('user_id', '=', id).execute();
    }
    return admin;
  });
}
