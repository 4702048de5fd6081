import { EMAIL_MAX_LENGTH, isNewPassword, passwordLength, roles } from '@replybell/database';
import Type from 'typebox';
import { id, nullable, page, pageQuery, period, text, time, timeText } from './fields.ts';
import { patterns } from './patterns.ts';

const role = Type.Enum([...roles], {
  title: 'Role',
  description: '`agent`: tickets, users, notifications. `owner`: also admins, API keys and the audit trail.',
});

const email = Type.String({ maxLength: EMAIL_MAX_LENGTH, pattern: patterns.email.pattern });
const newPassword = Type.Refine(
  Type.String({
    minLength: 1,
    maxLength: passwordLength.max,
    description: `${passwordLength.min} to ${passwordLength.max} characters, counted in UTF-16.`,
  }),
  (value: unknown) => typeof value !== 'string' || isNewPassword(value),
  () => `must have ${passwordLength.min} to ${passwordLength.max} characters, counted in UTF-16`,
);
const name = text({ maxLength: 100 });

export const credentials = Type.Object(
  { email, password: Type.String({ minLength: 1, maxLength: passwordLength.max }) },
  {
    additionalProperties: false,
    examples: [{ email: 'eve@example.com', password: 'correct horse battery staple' }],
  },
);

export const caller = Type.Object(
  {
    kind: Type.Enum(['admin', 'api_key', 'environment_key']),
    id: nullable(Type.Integer({ ...id, examples: [1] })),
    name: Type.String({ examples: ['Eve'] }),
    role,
  },
  { title: 'Caller' },
);

export const passwordChange = Type.Object(
  { currentPassword: Type.String({ minLength: 1, maxLength: passwordLength.max }), newPassword },
  {
    title: 'PasswordChange',
    additionalProperties: false,
    examples: [
      { currentPassword: 'correct horse battery staple', newPassword: 'twelve mossy stones at noon' },
    ],
  },
);

const ownSession = Type.Object(
  {
    id,
    current: Type.Boolean({ description: 'Whether it is the one that asks.' }),
    userAgent: nullable(Type.String({ description: 'What the browser calls itself.' })),
    createdAt: Type.Unsafe<Date>({ ...time, description: 'When they signed in.' }),
    lastUsedAt: Type.Unsafe<Date>({ ...time, description: 'Exact to the hour.' }),
    expiresAt: Type.Unsafe<Date>({ ...time, description: 'Unless it is used until then.' }),
  },
  {
    title: 'OwnSession',
    examples: [
      {
        id: 12,
        current: true,
        userAgent: 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0',
        createdAt: '2026-01-30T08:00:00.000Z',
        lastUsedAt: '2026-01-31T09:12:00.000Z',
        expiresAt: '2026-02-07T09:12:00.000Z',
      },
    ],
  },
);

export const ownSessionPage = page(ownSession);
export const endedSessions = Type.Object({ ended: Type.Integer({ minimum: 0 }) });

export const admin = Type.Object(
  {
    id,
    email: Type.String({ examples: ['eve@example.com'] }),
    name: Type.String({ examples: ['Eve'] }),
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
  {
    title: 'NewAdmin',
    additionalProperties: false,
    examples: [
      {
        email: 'eve@example.com',
        name: 'Eve',
        password: 'correct horse battery staple',
        role: 'agent',
      },
    ],
  },
);

export const adminChanges = Type.Object(
  {
    role: Type.Optional(role),
    disabled: Type.Optional(Type.Boolean({ description: 'Disabling ends their sessions.' })),
    password: Type.Optional(newPassword),
  },
  {
    title: 'AdminChanges',
    additionalProperties: false,
    minProperties: 1,
    examples: [{ role: 'owner' }, { disabled: true }],
  },
);

export const apiKey = Type.Object(
  {
    id,
    name: Type.String({ examples: ['Shop'] }),
    role,
    start: Type.String({
      description: 'The first characters of the key, to tell keys apart by.',
      examples: ['rb_Zx3mJ5'],
    }),
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
    expiresAt: Type.Optional(timeText('Never, if not given.')),
  },
  {
    title: 'NewApiKey',
    additionalProperties: false,
    examples: [{ name: 'Shop', role: 'agent', expiresAt: '2031-01-31T08:00:00Z' }],
  },
);

export const apiKeyWithSecret = Type.Object(
  {
    ...apiKey.properties,
    secret: nullable(
      Type.String({
        description:
          'The key itself, told this once: it is stored nowhere. Null if the request is repeated with its `Idempotency-Key`.',
        examples: ['rb_Zx3mJ5bqUu0bN2eFv9yQp7hLk4sTw6cRa1dGi8oXnYE'],
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
        '`admin:17`, `key:3`, `environment`: whoever has `ADMIN_API_KEY`; `operator`: a command on the server; `telegram`: ' +
        'its user, who followed a link to another account here, or whose chat got another id.',
      examples: ['admin:1'],
    }),
    actorName: Type.String({ description: 'Their name at that time.', examples: ['Eve'] }),
    action: Type.String({ description: 'What was done.', examples: ['reply.create'] }),
    subject: Type.String({ description: 'To what.', examples: ['ticket:1'] }),
    requestId: nullable(Type.String({ examples: ['0b0e7c0e-7f5a-4c35-9d55-2f4f6f0f6f3a'] })),
    detail: Type.Unsafe<Record<string, unknown> | null>({
      type: ['object', 'null'],
      additionalProperties: true,
      description: 'Ids and states; no texts of people, no secrets.',
      examples: [{ messageId: 2 }],
    }),
  },
  { title: 'AuditEntry' },
);

/** Who or what an entry is about: always ASCII. */
const auditName = Type.String({ pattern: patterns.auditName.pattern });

export const auditFilter = Type.Object(
  {
    actor: Type.Optional(auditName),
    subject: Type.Optional(auditName),
    ...period,
    ...pageQuery,
  },
  { additionalProperties: false },
);

export const auditPage = page(auditEntry);
