import type { Generated } from 'kysely';
import type { CreatedAt, UpdatedAt } from './timestamps.ts';

/** The tables of who may do what and who did: admins, API keys, the audit trail. */
export type IdentityTables = {
  admins: AdminsTable;
  admin_accounts: AdminAccountsTable;
  admin_sessions: AdminSessionsTable;
  sign_in_attempts: SignInAttemptsTable;
  api_keys: ApiKeysTable;
  audit_entries: AuditEntriesTable;
};

/** `agent`: tickets, users, notifications. `owner`: also admins, keys and the audit trail. */
export const roles = ['agent', 'owner'] as const;
export type Role = (typeof roles)[number];

type AdminsTable = {
  id: Generated<number>;
  /** In lower case. */
  email: string;
  email_verified: Generated<boolean>;
  name: string;
  image: string | null;
  role: Role;
  disabled_at: Date | null;
  created_at: CreatedAt;
  updated_at: UpdatedAt;
};

/** How an admin signs in: so far by password only, so there is one row an admin. */
type AdminAccountsTable = {
  id: Generated<number>;
  user_id: number;
  provider_id: Generated<string>;
  account_id: string;
  /** Hashed by better-auth. */
  password: string | null;
  created_at: CreatedAt;
  updated_at: UpdatedAt;
};

type AdminSessionsTable = {
  id: Generated<number>;
  user_id: number;
  token: string;
  expires_at: Date;
  ip_address: string | null;
  user_agent: string | null;
  created_at: CreatedAt;
  updated_at: UpdatedAt;
};

type SignInAttemptsTable = {
  /** `account:<email>` or `address:<network>`. */
  subject: string;
  attempts: number;
  window_ends_at: Date;
};

type ApiKeysTable = {
  id: Generated<number>;
  name: string;
  role: Role;
  /** The first characters, to tell keys apart by. */
  start: string;
  /** SHA-256 of the key. */
  hash: Buffer;
  expires_at: Date | null;
  revoked_at: Date | null;
  /** Exact to the minute. */
  last_used_at: Date | null;
  created_at: CreatedAt;
};

type AuditEntriesTable = {
  id: Generated<number>;
  at: CreatedAt;
  actor: string;
  actor_name: string;
  action: string;
  subject: string;
  request_id: string | null;
  /** No texts of people and no secrets. */
  detail: Record<string, unknown> | null;
};
