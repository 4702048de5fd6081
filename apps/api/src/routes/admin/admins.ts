import { insertAdmin, listAdmins, updateAdmin } from '@replybell/database';
import { hashPassword } from 'better-auth/crypto';
import type { App, AppParts } from '../../app.ts';
import { change, createOnce } from '../../change.ts';
import { ProblemError } from '../../problem.ts';
import { idempotencyHeader, idParams, noQuery } from '../../schemas/fields.ts';
import { adminChanges, adminList, admin as adminSchema, newAdmin } from '../../schemas/identity.ts';

const config = { role: 'owner' } as const;
const tags = ['identity'];

export function adminAccountRoutes(app: App, { db }: AppParts): void {
  app.get(
    '/admins',
    {
      config: { ...config, refuses: ['validation_failed'] },
      schema: {
        operationId: 'listAdmins',
        tags,
        summary: 'List the admins, the newest first',
        querystring: noQuery,
        response: { 200: adminList },
      },
    },
    async () => ({ items: await listAdmins(db) }),
  );

  app.post(
    '/admins',
    {
      config: { ...config, refuses: ['email_taken'] },
      schema: {
        operationId: 'createAdmin',
        tags,
        summary: 'Create an admin who signs in with email and password',
        description:
          'Repeated with its `Idempotency-Key`, the request changes nothing, and its password is not compared: the first one ' +
          'stays. PATCH /api/admin/admins/:id sets another.',
        headers: idempotencyHeader,
        body: newAdmin,
        response: { 201: adminSchema },
      },
    },
    async (request, reply) => {
      const { password, ...admin } = request.body;
      // Not the password: from a hash of the body it could be guessed far faster than from its own.
      return createOnce({ db, request, reply, action: 'admin.create', wanted: admin }, async (trx) => {
        // Here, so that repetitions don't pay for it.
        const passwordHash = await hashPassword(password);
        const inserted = await insertAdmin(trx, { ...admin, passwordHash });
        if (inserted.kind === 'email_taken') throw new ProblemError('email_taken');
        const { id, role } = inserted.admin;
        return { subject: `admin:${id}`, detail: { role }, result: inserted.admin };
      });
    },
  );

  app.patch(
    '/admins/:id',
    {
      config: { ...config, refuses: ['admin_not_found'] },
      schema: {
        operationId: 'updateAdmin',
        tags,
        summary: "Change an admin's role, disable them, set a new password",
        description: 'Disabling an admin, and a new password, end their sessions at once.',
        params: idParams,
        body: adminChanges,
        response: { 200: adminSchema },
      },
    },
    async (request) => {
      const { password, ...changes } = request.body;
      const passwordHash = password === undefined ? undefined : await hashPassword(password);
      return change({ db, request, action: 'admin.update' }, async (trx) => {
        const admin = await updateAdmin(trx, request.params.id, { ...changes, passwordHash });
        if (!admin) throw new ProblemError('admin_not_found');
        const detail = { ...changes, ...(password !== undefined && { password: 'changed' }) };
        return { subject: `admin:${admin.id}`, detail, result: admin };
      });
    },
  );
}
