import { roles } from '@replybell/database';
import Type from 'typebox';
import { id, nullable, page, pageQuery, period, text, time } from './fields.ts';

const role = Type.Enum([...roles], {
  title: 'Role',
  description: '`agent`: tickets, users, notifications. `owner`: also admins, API keys and the audit trail.',
});

const email = Type.String({ minLength: 3, maxLength: 254, pattern: '^[^\\s@]+@[^\\s@]+$' });
const newPassword = Type.String({ minLength: 12, maxLength: 128, description: 'At least 12 characters.' });
const name = text({ maxLength: 100 });

export const credentials = Type.Object(
  { email, password: Type.String({ minLength: 1, maxLength: 128 }) },
  { additionalProperties: false },
);

export const caller = Type.Object(
  {
    kind: Type.Enum(['admin', 'api_key', 'environment_key']),
    id: nullable(id),
    name: Type.String(),
    role,
  },
  { title: 'Caller' },
);

export const admin = Type.Object(
  {
    id,
    email: Type.String(),
    name: Type.String(),
    role,
    disabledAt: nullable(Type.Unsafe<Date>({ ...time, description: 'Since when they can’t sign in.' })),
    createdAt: time,
    updatedAt: time,
  },
  { title: 'Admin' },
);

export const adminList = Type.Object({ items: Type.Array(admin) });

export const newAdmin = Type.Object(
  { email, name, password: newPassword, role },
  { title: 'NewAdmin', additionalProperties: false },
);

export const adminChanges = Type.Object(
  {
    role: Type.Optional(role),
    disabled: Type.Optional(Type.Boolean({ description: 'Disabling ends their sessions.' })),
    password: Type.Optional(newPassword),
  },
  { title: 'AdminChanges', additionalProperties: false, minProperties: 1 },
);

export const apiKey = Type.Object(
  {
    id,
    name: Type.String(),
    role,
    start: Type.String({ description: 'The first characters of the key, to tell keys apart by.' }),
    expiresAt: nullable(time),
    revokedAt: nullable(time),
    lastUsedAt: nullable(Type.Unsafe<Date>({ ...time, description: 'Exact to the minute.' })),
    createdAt: time,
  },
  { title: 'ApiKey' },
);

export const apiKeyList = Type.Object({ items: Type.Array(apiKey) });

export const newApiKey = Type.Object(
  {
    name,
    role,
    expiresAt: Type.Optional(
      Type.Unsafe<string>({ type: 'string', format: 'date-time', description: 'Never, if not given.' }),
    ),
  },
  { title: 'NewApiKey', additionalProperties: false },
);

export const apiKeyWithSecret = Type.Object(
  {
    ...apiKey.properties,
    secret: nullable(
      Type.String({
        description:
          'The key itself, told this once: it is stored nowhere. Null if the request is repeated with its `Idempotency-Key`.',
      }),
    ),
  },
  { title: 'ApiKeyWithSecret' },
);

const auditEntry = Type.Object(
  {
    id,
    at: time,
    actor: Type.String({
      description:
        '`admin:17`, `key:3`, `environment`: whoever has `ADMIN_API_KEY`; `operator`: a command on the server.',
    }),
    actorName: Type.String({ description: 'Their name at that time.' }),
    action: Type.String({ description: 'What was done, e.g. `reply.create`.' }),
    subject: Type.String({ description: 'To what, e.g. `ticket:12`.' }),
    requestId: nullable(Type.String()),
    detail: Type.Unsafe<Record<string, unknown> | null>({
      type: ['object', 'null'],
      additionalProperties: true,
      description: 'Ids and states; no texts of people, no secrets.',
    }),
  },
  { title: 'AuditEntry' },
);

export const auditFilter = Type.Object(
  {
    actor: Type.Optional(Type.String({ maxLength: 64 })),
    subject: Type.Optional(Type.String({ maxLength: 64 })),
    ...period,
    ...pageQuery,
  },
  { additionalProperties: false },
);

export const auditPage = page(auditEntry);
