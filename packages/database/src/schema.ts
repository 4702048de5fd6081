import type { ColumnType, Generated, Kysely } from 'kysely';
import type { IdentityTables } from './identity-tables.ts';
import type { CreatedAt, UpdatedAt } from './timestamps.ts';

/** The tables as Postgres has them. Rows stay in this package: its functions map them to what callers use. */
export type Database = IdentityTables & {
  users: UsersTable;
  support_tickets: SupportTicketsTable;
  support_messages: SupportMessagesTable;
  ticket_search: TicketSearchTable;
  notifications: NotificationsTable;
  notification_attempts: NotificationAttemptsTable;
  bot_slots: BotSlotsTable;
  chat_slots: ChatSlotsTable;
  delivery_pauses: DeliveryPausesTable;
  idempotency_keys: IdempotencyKeysTable;
  user_allowances: UserAllowancesTable;
  link_tokens: LinkTokensTable;
  telegram_updates: TelegramUpdatesTable;
  update_polling: UpdatePollingTable;
};

/** A pool of connections, or a transaction on one of them. */
export type Db = Kysely<Database>;

/** The language of users who have not said which they want. */
export const DEFAULT_LOCALE = 'ru';

export const ticketStatuses = ['open', 'in_progress', 'waiting_user', 'closed'] as const;
export type TicketStatus = (typeof ticketStatuses)[number];

export const ticketPriorities = ['low', 'medium', 'high', 'urgent'] as const;
export type TicketPriority = (typeof ticketPriorities)[number];

export const notificationStatuses = [
  'pending',
  'sending',
  'sent',
  'parked',
  'failed',
  'unknown',
  'folded',
  'expired',
  'withdrawn',
] as const;
export type NotificationStatus = (typeof notificationStatuses)[number];

/** What one attempt came to. The table in `@replybell/telegram` (outcome.ts) says which answer is which. */
export const outcomes = [
  'sent',
  'retry',
  'throttled',
  'unreachable',
  'rejected',
  'unauthorized',
  'unknown',
] as const;
export type Outcome = (typeof outcomes)[number];

type UsersTable = {
  id: Generated<number>;
  username: string;
  telegram_id: number | null;
  locale: Generated<string>;
  /** Since when the user wants no messages; null: they do. */
  muted_at: Date | null;
  /** Why Telegram can't reach the user, as a stable code; null as far as is known it can. */
  unreachable_reason: string | null;
  /**
   * Known by the Telegram id alone, from opening the Mini App or from another system's notification: merged into the
   * account that the id is linked to later.
   */
  provisional: Generated<boolean>;
  erased_at: Date | null;
  /** Grows whenever the user may have become reachable; kept by a trigger. */
  contact_version: ColumnType<number, never, never>;
  created_at: CreatedAt;
  updated_at: UpdatedAt;
};

type SupportTicketsTable = {
  id: Generated<number>;
  user_id: number;
  subject: string;
  status: Generated<TicketStatus>;
  priority: Generated<TicketPriority>;
  /** Who wrote the last message: kept by the statement that stores replies, and for users by a trigger. */
  last_author: Generated<'user' | 'admin'>;
  last_message_at: Generated<Date>;
  /** All that it is found by, its subject and its user's name, in the form in which it is searched; kept by triggers. */
  search_text: ColumnType<string, never, never>;
  /** Its user was erased: it has no texts, and stays closed. */
  erased_at: Date | null;
  created_at: CreatedAt;
  /** The last activity: a message, a status, a priority. The inbox's order. */
  updated_at: UpdatedAt;
};

/** Kept by a trigger. */
type TicketSearchTable = {
  ticket_id: number;
  /** The subject in the form in which it is searched. */
  words: string;
};

type SupportMessagesTable = {
  id: Generated<number>;
  ticket_id: number;
  author: 'user' | 'admin';
  message: string;
  created_at: CreatedAt;
};

type NotificationsTable = {
  id: Generated<number>;
  /** The reply that this notification tells about; null if another system keeps the ticket. */
  message_id: number | null;
  ticket_id: number;
  user_id: number;
  /** Of another system's ticket; null if the ticket is ours. */
  subject: string | null;
  /** Of another system's ticket: the address that the button opens, in place of the Mini App's. */
  button_url: string | null;
  /** Of another system's ticket: the message's language, in place of the user's. */
  locale: string | null;
  status: Generated<NotificationStatus>;
  /** Why the status is what it is, as a stable code; null while nothing went wrong. */
  reason: string | null;
  /** The HTTP request that made the reply, so that one search of the logs finds both processes' lines. */
  request_id: string | null;
  /** Not to be sent before. */
  due_at: Generated<Date>;
  /** Since when it waits to be sent; its time to live counts from here. */
  pending_since: Generated<Date>;
  /** The number of the job that stands for it: the job's id is `n-<id>-<epoch>`. */
  epoch: Generated<number>;
  /** Fence: how often it was claimed. A settle that carries an older number changes nothing. */
  claim: Generated<number>;
  /** Who holds the claim: a worker whose claim's answer was lost asks again and finds that it has it already. */
  claim_token: string | null;
  lease_until: Date | null;
  /** The last claim whose outcome its claimer told: telling it again changes nothing. */
  settled_claim: Generated<number>;
  /** Answers of kind `retry` received; compared with NOTIFICATION_ATTEMPTS. */
  retries: Generated<number>;
  /** Attempts whose outcome nobody knows. */
  unknowns: Generated<number>;
  /** `attemptsMade` of the job at the last claim: a higher one on a settled row means that an operator retried the job. */
  claimed_run: Generated<number>;
  telegram_message_id: number | null;
  /** With `folded`: the notification that speaks for this one too. */
  folded_into: number | null;
  sent_at: Date | null;
  created_at: CreatedAt;
  updated_at: UpdatedAt;
};

type NotificationAttemptsTable = {
  notification_id: number;
  claim: number;
  started_at: Generated<Date>;
  ended_at: Date | null;
  outcome: Outcome | null;
  reason: string | null;
  /** Telegram's own words, or the network's. */
  detail: string | null;
};

/** One row for each message that may be sent within a second. */
type BotSlotsTable = {
  id: number;
  /** When a send may begin in this slot; far ahead while one is under way. */
  free_at: Date;
  /** Whose send it was taken for, with the number of its claim: only that one frees it. 0: for no notification's. */
  notification_id: Generated<number>;
  claim: Generated<number>;
};

type ChatSlotsTable = {
  chat_id: number;
  free_at: Date;
  /** As a bot's slot. */
  notification_id: number;
  claim: number;
};

type DeliveryPausesTable = {
  kind: PauseKind;
  reason: string;
  detail: string | null;
  since: CreatedAt;
  /** `throttled`: when the trial may go out. `outage`, `token`: when the next probe may. `operator`: far ahead. */
  paused_until: Date;
  /** With `throttled`: until then the trial that is under way keeps others from trying; null if there is none. */
  trial_until: Date | null;
  /** When the trial or a probe succeeded; with `operator`: when it was lifted; null while the pause is in force. */
  ended_at: Date | null;
  /** Probes so far; one that begins again soon after its end goes on counting. */
  probes: Generated<number>;
  /** With `token`: the pause holds for workers with this token only. Otherwise empty. */
  token_fingerprint: Generated<string>;
};

export type PauseKind = 'throttled' | 'outage' | 'token' | 'operator';

type IdempotencyKeysTable = {
  /** Who used the key: keys of different callers don't meet. */
  caller: string;
  key: string;
  body_hash: string;
  /** The reply that was made; null if the request made something else. */
  message_id: number | null;
  /** What was made otherwise, e.g. `ticket:12`, and the answer's body word for word. */
  subject: string | null;
  answer: string | null;
  created_at: CreatedAt;
};

type LinkTokensTable = {
  /** SHA-256 of the token: who reads the table can't use it. */
  token_hash: Buffer;
  user_id: number;
  expires_at: Date;
  used_at: Date | null;
  created_at: CreatedAt;
};

/** The bot's updates that had an effect; Telegram may deliver one several times. */
type TelegramUpdatesTable = {
  bot_id: number;
  update_id: number;
  received_at: CreatedAt;
};

/** Which worker polls for a bot's updates: one at a time, as Telegram ends the earlier of two polls. */
type UpdatePollingTable = {
  bot_id: number;
  holder: string;
  lease_until: Date;
};

/** How fast users may write. */
type UserAllowancesTable = {
  user_id: number;
  kind: string;
  /** What was taken lasts until then; may be in the past. */
  used_until: Date;
};
