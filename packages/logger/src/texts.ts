/**
 * The fixed texts of the log. Operators' checklists and greps search for them, so they stay word for word, `True` and
 * `None` included. Each carries its `stage`.
 */

export const texts = {
  tokenConfigured: { stage: 'start', text: 'BOT_TOKEN configured: True' },
  tokenMissing: { stage: 'start', text: 'BOT_TOKEN not configured' },
  webAppUrl: (url: string) => ({ stage: 'start', text: `WEBAPP_URL: ${url}` }),
  webAppUrlMissing: { stage: 'start', text: 'WEBAPP_URL not configured' },
  prepare: (ticketId: number) => ({
    stage: 'prepare',
    text: `Preparing to send Telegram notification for ticket ${ticketId}`,
  }),
  userFound: (userId: number) => ({ stage: 'resolve', text: `User found: True, user_id: ${userId}` }),
  userTelegramId: (telegramId: number | null) => ({
    stage: 'resolve',
    text: `User telegram_id: ${telegramId ?? 'None'}`,
  }),
  send: (telegramId: number, ticketId: number) => ({
    stage: 'send',
    text: `Attempting to send Telegram notification to user ${telegramId} for ticket ${ticketId}`,
  }),
  sent: (telegramId: number, ticketId: number) => ({
    stage: 'sent',
    text: `Telegram notification sent to user ${telegramId} for ticket ${ticketId}`,
  }),
  failed: (reason: string) => ({ stage: 'failed', text: `Failed to send Telegram notification: ${reason}` }),
} as const;
