import {
  type Db,
  findAdminByEmail,
  insertAdmin,
  inTransaction,
  type Role,
  recordAudit,
  updateAdmin,
} from '@replybell/database';
import { hashPassword } from 'better-auth/crypto';

export type AdminAccount = { email: string; name: string; role: Role; password: string };

export type AccountResult = { ok: boolean; message: string };

/** Whoever has the server's shell, as the audit trail calls them. */
const actor = { key: 'operator', name: 'npm run admin:create' };

export async function createAdmin(db: Db, { password, ...account }: AdminAccount): Promise<AccountResult> {
  const passwordHash = await hashPassword(password);
  return inTransaction(db, async (trx) => {
    const inserted = await insertAdmin(trx, { ...account, passwordHash });
    if (inserted.kind === 'email_taken') {
      const message = `There is an admin ${account.email} already. --reset gives them a new password`;
      return { ok: false, message };
    }
    const { id, email, role } = inserted.admin;
    const detail = { role };
    await recordAudit(trx, {
      actor,
      action: 'admin.create',
      subject: `admin:${id}`,
      requestId: null,
      detail,
    });
    return { ok: true, message: `Created ${email}, ${role}. Sign in at /admin/sign-in` };
  });
}

/** Sets a new password, lets in an admin who was disabled, and ends their sessions; the role stays. */
export async function resetPassword(db: Db, { email, password }: AdminAccount): Promise<AccountResult> {
  const passwordHash = await hashPassword(password);
  return inTransaction(db, async (trx) => {
    const admin = await findAdminByEmail(trx, email);
    if (!admin) return { ok: false, message: `There is no admin ${email}. Without --reset they are created` };
    await updateAdmin(trx, admin.id, { disabled: false, passwordHash });
    const detail = { disabled: false, password: 'changed' };
    await recordAudit(trx, {
      actor,
      action: 'admin.update',
      subject: `admin:${admin.id}`,
      requestId: null,
      detail,
    });
    return { ok: true, message: `${admin.email} (${admin.role}) has a new password` };
  });
}
