import type { ReasonCode, ReasonText } from './index.ts';

const SENT_ONCE_BACK = 'Оно уйдёт само, как только пользователь снова станет доступен.';
const NOTHING_TO_DO = 'Ничего делать не нужно: попытка повторится сама.';
const MAY_COME_TWICE =
  'Спросите пользователя или решите сами: отметить как отправленное или отправить снова с риском повтора.';

export const russian: Record<ReasonCode, ReasonText> = {
  no_telegram_id: {
    text: 'К пользователю не привязан аккаунт Telegram.',
    advice: 'Отправьте пользователю ссылку на бота или укажите его Telegram ID. Уведомление уйдёт само.',
  },
  bot_blocked: {
    text: 'Пользователь заблокировал бота.',
    advice: `Попросите его другим способом разблокировать бота. ${SENT_ONCE_BACK}`,
  },
  user_deactivated: {
    text: 'Аккаунт пользователя в Telegram больше не существует.',
    advice: 'Узнайте новый аккаунт пользователя и привяжите его.',
  },
  chat_not_started: {
    text: 'Пользователь ни разу не нажал «Старт» в чате с ботом.',
    advice: `Отправьте ему ссылку на бота. ${SENT_ONCE_BACK}`,
  },
  chat_not_found: {
    text: 'Telegram не знает такого чата: ID неверен или пользователь ни разу не запускал бота.',
    advice: 'Проверьте Telegram ID или отправьте пользователю ссылку на бота.',
  },
  forbidden: {
    text: 'Telegram не разрешает боту писать этому пользователю.',
    advice: `Ответ Telegram записан в попытке. ${SENT_ONCE_BACK}`,
  },
  bot_token_refused: {
    text: 'Telegram не принимает токен бота.',
    advice: 'Укажите верный BOT_TOKEN и перезапустите. Всё, что ждёт, уйдёт само.',
  },
  button_refused: {
    text: 'Telegram не принимает адрес кнопки.',
    advice: 'Проверьте WEBAPP_URL или url уведомления, затем отправьте снова.',
  },
  markup_refused: {
    text: 'Telegram не смог разобрать разметку сообщения.',
    advice: 'Проверьте тексты сообщения, затем отправьте снова.',
  },
  message_too_long: {
    text: 'Сообщение длиннее, чем разрешает Telegram.',
    advice: 'Сократите тексты сообщения, затем отправьте снова.',
  },
  message_refused: {
    text: 'Telegram не принимает сообщение.',
    advice: 'Ответ Telegram записан в попытке. Устраните причину, затем отправьте снова.',
  },
  render_failed: {
    text: 'Не удалось составить сообщение.',
    advice: 'Причина записана в попытке. Устраните её, затем отправьте снова.',
  },
  too_many_requests: {
    text: 'Telegram попросил бота отправлять медленнее.',
    advice: 'Ничего делать не нужно: доставка продолжится, когда пройдёт указанное время.',
  },
  chat_migrated: {
    text: 'У группы новый ID, он уже сохранён.',
    advice: NOTHING_TO_DO,
  },
  telegram_error: { text: 'Ошибка на стороне Telegram.', advice: NOTHING_TO_DO },
  unexpected_answer: { text: 'Telegram ответил неизвестным образом.', advice: NOTHING_TO_DO },
  not_telegram: {
    text: 'Вместо Telegram ответил кто-то между ним и нами.',
    advice: 'Попытка повторится сама. Если так и останется, проверьте прокси и TELEGRAM_API_ROOT.',
  },
  no_connection: {
    text: 'Не удалось соединиться с Telegram.',
    advice: 'Попытка повторится сама. Если так и останется, проверьте сеть и TELEGRAM_API_ROOT.',
  },
  no_answer: {
    text: 'Сообщение могло уйти, но Telegram не ответил: дошло ли оно, неизвестно.',
    advice: MAY_COME_TWICE,
  },
  lease_expired: {
    text: 'Обработчик остановился во время отправки: дошло ли сообщение, неизвестно.',
    advice: MAY_COME_TWICE,
  },
  attempts_used_up: {
    text: 'Все попытки не удались.',
    advice: 'Причины видны в попытках; отправьте снова, когда они устранены.',
  },
  waited_too_long: { text: 'Ждало слишком долго и больше не отправляется.', advice: null },
  resolved_by_operator: { text: 'Администратор отметил, что пользователь его получил.', advice: null },
  withdrawn_by_admin: { text: 'Администратор отменил уведомление.', advice: null },
  seen_in_app: { text: 'Пользователь уже прочитал ответ в приложении.', advice: null },
  muted: {
    text: 'Пользователь отключил сообщения.',
    advice: 'Если это важно, ответьте другим способом.',
  },
  user_erased: { text: 'Данные пользователя удалены.', advice: null },
  paused_by_operator: {
    text: 'Администратор приостановил доставку.',
    advice: 'Возобновите её, когда придёт время.',
  },
  no_slot: {
    text: 'Сообщений в очереди так много, что до этого вовремя не дошёл черёд. Оно не отправлено.',
    advice: 'Попробуйте снова через несколько секунд.',
  },
};
