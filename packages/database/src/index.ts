export {
  EMAIL_MAX_LENGTH,
  EMAIL_PATTERN,
  isEmail,
  isNewPassword,
  passwordLength,
} from './admin-credentials.ts';
export {
  type AdminSession,
  endAdminSession,
  endOtherAdminSessions,
  listAdminSessions,
} from './admin-sessions.ts';
export {
  type Admin,
  type AdminChanges,
  findAdminByEmail,
  type InsertedAdmin,
  insertAdmin,
  listAdmins,
  lockPasswordHash,
  updateAdmin,
} from './admins.ts';
export {
  type ApiKey,
  findValidApiKey,
  insertApiKey,
  listApiKeys,
  noteApiKeyUse,
  revokeApiKey,
} from './api-keys.ts';
export { type AuditEntry, type Author, listAuditEntries, recordAudit } from './audit.ts';
export { type Backlog, countBacklog } from './backlog.ts';
export { createBatcher } from './batcher.ts';
export { type Change, type Changes, findChanges, readClockMicros } from './changes.ts';
export { type ClaimResult, claimNotifications } from './claim.ts';
export type { Refusal } from './claim-refusals.ts';
export type { Claim, ClaimOptions, ClaimRequest } from './claim-terms.ts';
export { mendClockStep } from './clock-step.ts';
export {
  columnTypes,
  isConflict,
  isDatabaseAway,
  isStorageUnavailable,
  openDatabase,
  takesChanges,
} from './connection.ts';
export { findDatabaseIdentity } from './database-identity.ts';
export { type DatabaseState, databaseState } from './database-state.ts';
export {
  type Decision,
  resendUnknown,
  resolveAsSent,
  retryNotification,
} from './decisions.ts';
export {
  type DirectPause,
  type DirectSlot,
  findDirectPause,
  giveBackDirectSlot,
  takeDirectSlot,
} from './direct-slot.ts';
export { eraseUser, isRefusedAsErased } from './erasure.ts';
export { expireNotifications } from './expiry.ts';
export { insertForeignNotification } from './foreign-notifications.ts';
export { type Made, makeOnce } from './idempotency.ts';
export { type Role, roles } from './identity-tables.ts';
export { type InboxPosition, listTickets } from './inbox.ts';
export { resendsOf, takeBackClaims, type UnknownOutcomePolicy } from './leases.ts';
export {
  createLinkToken,
  type LinkResult,
  linkByToken,
} from './link-telegram.ts';
export { listen, RELAY_CHANNEL } from './listen.ts';
export { migrateToLatest, pendingMigrations } from './migrator.ts';
export { listNotifications } from './notification-list.ts';
export { type Attempt, findNotification, type Notification } from './notifications.ts';
export { ensureBotSlots, leaseMsFor } from './pace.ts';
export { parkUnlinked, settleUnreachable } from './parking.ts';
export { PAUSE_CHANNEL, readPauseNotice } from './pause-notice.ts';
export {
  askForProbes,
  endPause,
  findPauses,
  type Pause,
  pauseByOperator,
  pauseUntilProbed,
  takeProbe,
} from './pauses.ts';
export { updatePreferences } from './preferences.ts';
export { PreparingClient } from './preparing-client.ts';
export { markReachable, markUnreachable } from './reachability.ts';
export { countMatching, retryMatching } from './redrive.ts';
export {
  findOverdue,
  type JobKey,
  type OverdueCursor,
  renewEpochs,
} from './relay.ts';
export { releaseClaim } from './release-claims.ts';
export { createReplyInserter, type NewReply } from './replies.ts';
export { removeOld } from './retention.ts';
export {
  type Database,
  type Db,
  DEFAULT_LOCALE,
  notificationStatuses,
  type Outcome,
  outcomes,
  type PauseKind,
  type TicketPriority,
  type TicketStatus,
  ticketPriorities,
  ticketStatuses,
} from './schema.ts';
export { createServerClock } from './server-clock.ts';
export {
  createSettler,
  type Settlement,
  settleNotifications,
} from './settle.ts';
export { countSignInAttempt, forgiveSignInAttempt, type SignInTry } from './sign-in-attempts.ts';
export {
  holdUpdatePolling,
  releaseUpdatePolling,
  takeUpdate,
} from './telegram-updates.ts';
export { listMessages, listMessagesWithNotifications } from './thread.ts';
export { endThrottle, giveBackTrial, pauseThrottled, type Trial } from './throttle.ts';
export { COUNTED_TO, countTickets, type TicketCounts } from './ticket-counts.ts';
export {
  findTicket,
  insertTicket,
  type Message,
  type NamedTicket,
  type Ticket,
  updateTicket,
} from './tickets.ts';
export { inTransaction } from './transaction.ts';
export { takeAllowance } from './user-allowances.ts';
export {
  findUserTicket,
  insertUserMessage,
  listUserTickets,
} from './user-tickets.ts';
export {
  findUser,
  findUserByTelegramId,
  followMigratedChat,
  insertUser,
  listUsers,
  type User,
  updateUser,
} from './users.ts';
export { type OpenedLink, recordVisit } from './visits.ts';
export { withdrawByAdmin, withdrawMuted, withdrawSeen } from './withdrawal.ts';
