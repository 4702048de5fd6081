const en = {
  email: 'Email',
  password: 'Password',
  signIn: 'Sign in',
  withKey: 'Use an API key',
  wrong_credentials: 'The email or the password is wrong.',
  too_many_sign_ins: (minutes) => `Too many attempts. Try again in ${minutes} min.`,
  failed: 'Signing in did not work just now. Try again.',
  signedInAs: 'Signed in as',
  board: 'Bull Board: the queue',
  docs: "The API's description",
  signOut: 'Sign out',
  signOutFailed: 'Signing out did not work just now. Try again.',
  changePassword: 'Change password',
  currentPassword: 'Current password',
  newPassword: 'New password, 12 characters or more',
  passwordChanged: 'Changed. You are signed out everywhere else.',
  wrong_password: 'The current password is wrong.',
  validation_failed: 'The new password must have 12 to 128 characters.',
  sessions: 'Where you are signed in',
  thisBrowser: 'this browser',
  unnamedBrowser: 'A browser without a name',
  lastUsed: (time) => `last used ${time}`,
  signedInOn: (time) => `signed in ${time}`,
  endSession: 'Sign out',
  endOtherSessions: 'Sign out everywhere else',
  changeFailed: 'That did not work just now. Try again.',
};

const ru = {
  email: 'Эл. почта',
  password: 'Пароль',
  signIn: 'Войти',
  withKey: 'Войти по ключу API',
  wrong_credentials: 'Неверная почта или пароль.',
  too_many_sign_ins: (minutes) => `Слишком много попыток. Попробуйте через ${minutes} мин.`,
  failed: 'Войти сейчас не удалось. Попробуйте ещё раз.',
  signedInAs: 'Вы вошли как',
  board: 'Bull Board: очередь',
  docs: 'Описание API',
  signOut: 'Выйти',
  signOutFailed: 'Выйти сейчас не удалось. Попробуйте ещё раз.',
  changePassword: 'Сменить пароль',
  currentPassword: 'Текущий пароль',
  newPassword: 'Новый пароль, от 12 символов',
  passwordChanged: 'Пароль изменён. Везде, кроме этого браузера, вы вышли.',
  wrong_password: 'Текущий пароль неверен.',
  validation_failed: 'В новом пароле должно быть от 12 до 128 символов.',
  sessions: 'Где вы вошли',
  thisBrowser: 'этот браузер',
  unnamedBrowser: 'Браузер без названия',
  lastUsed: (time) => `последний раз ${time}`,
  signedInOn: (time) => `вход ${time}`,
  endSession: 'Выйти',
  endOtherSessions: 'Выйти везде, кроме этого браузера',
  changeFailed: 'Сейчас не удалось. Попробуйте ещё раз.',
};

export const locale = navigator.language.startsWith('ru') ? 'ru' : 'en';

/** In the browser's language. */
export const texts = locale === 'ru' ? ru : en;

document.documentElement.lang = locale;
for (const element of document.querySelectorAll('[data-text]')) {
  element.textContent = texts[element.dataset.text];
}
