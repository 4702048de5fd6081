/** The number of a bot is the part of its token before the colon; no secret. */
export const botIdOf = (token: string): number => Number.parseInt(token, 10);

/**
 * A link that opens the bot with a Start button and hands it the token (core.telegram.org/bots/features#deep-linking).
 *
 * @param token at most 64 characters of `A-Z a-z 0-9 _ -`.
 */
export const startLink = (botUsername: string, token: string): string =>
  `https://t.me/${botUsername}?start=${token}`;
