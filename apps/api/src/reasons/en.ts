import type { ReasonCode, ReasonText } from './index.ts';

const SENT_ONCE_BACK = 'It is sent by itself as soon as they can be reached again.';
const NOTHING_TO_DO = 'Nothing to do: it is tried again by itself.';
const MAY_COME_TWICE =
  'Ask the user, or decide: resolve it as sent, or send it again at the risk of a second message.';

export const english: Record<ReasonCode, ReasonText> = {
  no_telegram_id: {
    text: 'No Telegram account is linked to the user.',
    advice: 'Send the user a link to the bot, or set their Telegram id. The notification follows by itself.',
  },
  bot_blocked: {
    text: 'The user has blocked the bot.',
    advice: `Ask them in another way to unblock it. ${SENT_ONCE_BACK}`,
  },
  user_deactivated: {
    text: 'The Telegram account of the user no longer exists.',
    advice: 'Ask the user for their new account and link it.',
  },
  chat_not_started: {
    text: 'The user has never pressed Start in the chat with the bot.',
    advice: `Send them a link to the bot. ${SENT_ONCE_BACK}`,
  },
  chat_not_found: {
    text: 'Telegram knows no chat with this id: the id is wrong, or the user has never started the bot.',
    advice: 'Check the Telegram id, or send the user a link to the bot.',
  },
  forbidden: {
    text: 'Telegram does not let the bot write to this user.',
    advice: `The attempt holds Telegram's own words. ${SENT_ONCE_BACK}`,
  },
  bot_token_refused: {
    text: "Telegram refuses the bot's token.",
    advice: 'Set the right BOT_TOKEN and restart. What waits is then sent by itself.',
  },
  button_refused: {
    text: "Telegram refuses the button's address.",
    advice: 'Check WEBAPP_URL, or the url of the notification; then send it again.',
  },
  markup_refused: {
    text: 'Telegram could not read the markup of the message.',
    advice: 'Check the texts of the message; then send it again.',
  },
  message_too_long: {
    text: 'The message is longer than Telegram allows.',
    advice: 'Shorten the texts of the message; then send it again.',
  },
  message_refused: {
    text: 'Telegram refuses the message.',
    advice: "The attempt holds Telegram's own words. Mend the cause; then send it again.",
  },
  render_failed: {
    text: 'The message could not be made.',
    advice: 'The attempt says why. Mend the cause; then send it again.',
  },
  too_many_requests: {
    text: 'Telegram asked the bot to send more slowly.',
    advice: 'Nothing to do: deliveries go on when the time that it asked for has passed.',
  },
  chat_migrated: {
    text: 'The group has a new id, which is now stored.',
    advice: NOTHING_TO_DO,
  },
  telegram_error: { text: 'Telegram has an error of its own.', advice: NOTHING_TO_DO },
  unexpected_answer: { text: 'Telegram gave an answer that is not known.', advice: NOTHING_TO_DO },
  not_telegram: {
    text: 'Something between here and Telegram answered in its place.',
    advice: 'It is tried again by itself. If it stays so, check proxies and TELEGRAM_API_ROOT.',
  },
  no_connection: {
    text: 'Telegram could not be reached.',
    advice: 'It is tried again by itself. If it stays so, check the network and TELEGRAM_API_ROOT.',
  },
  no_answer: {
    text: 'The message may have left, but Telegram did not answer: nobody knows whether it arrived.',
    advice: MAY_COME_TWICE,
  },
  lease_expired: {
    text: 'The worker stopped while it sent the message: nobody knows whether it arrived.',
    advice: MAY_COME_TWICE,
  },
  attempts_used_up: {
    text: 'Every attempt failed.',
    advice: 'See the attempts for the causes; send it again when they are gone.',
  },
  waited_too_long: { text: 'It waited too long and is no longer sent.', advice: null },
  resolved_by_operator: { text: 'An admin said that the user has got it.', advice: null },
  withdrawn_by_admin: { text: 'An admin withdrew it.', advice: null },
  seen_in_app: { text: 'The user has read the reply in the app already.', advice: null },
  muted: { text: 'The user wants no messages.', advice: 'Reply in another way if it matters.' },
  user_erased: { text: "The user's data were erased.", advice: null },
  paused_by_operator: { text: 'An admin paused deliveries.', advice: 'Resume them when it is time.' },
  no_slot: {
    text: 'So many messages wait that this one did not get its turn in time. It was not sent.',
    advice: 'Try again in a few seconds.',
  },
};
