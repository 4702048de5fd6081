import { EMAIL_PATTERN } from '@replybell/database';

/** The patterns of texts in requests. A pattern tells programs what is right; `message` tells people, when it is wrong. */
export const patterns = {
  auditName: { pattern: '^[!-~]{1,64}$', message: 'must be 1 to 64 visible ASCII characters' },
  email: { pattern: EMAIL_PATTERN, message: 'must be an email address, such as eve@example.com' },
  idempotencyKey: {
    pattern: '^[!-~]{1,255}$',
    message: 'must be 1 to 255 visible ASCII characters, such as a UUID',
  },
  localeTag: {
    pattern: '^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$',
    message: 'must be a BCP 47 tag, such as ru or en-GB',
  },
  notificationId: { pattern: '^[1-9][0-9]{0,15}$', message: 'must be the id of a notification' },
  reasonCode: { pattern: '^[a-z0-9_]{1,64}$', message: 'must be a code, such as bot_blocked' },
} as const;

/** What is told of a text that doesn't match one of them. */
export function messageOfPattern(pattern: string): string | undefined {
  return Object.values(patterns).find((each) => each.pattern === pattern)?.message;
}
