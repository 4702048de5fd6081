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
};

const locale = navigator.language.startsWith('ru') ? 'ru' : 'en';

/** In the browser's language. */
export const texts = locale === 'ru' ? ru : en;

document.documentElement.lang = locale;
for (const element of document.querySelectorAll('[data-text]')) {
  element.textContent = texts[element.dataset.text];
}
