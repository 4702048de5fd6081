import { callApi } from './call-api.js';
import { showSessions } from './sessions.js';
import { texts } from './texts.js';

const form = document.querySelector('.password');
const [problem, done, button] = ['[role="alert"]', '[role="status"]', 'button'].map((selector) =>
  form.querySelector(selector),
);

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  button.disabled = true;
  const { code, retryAfterS } = await callApi(
    'PUT',
    '/api/account/password',
    Object.fromEntries(new FormData(form)),
  );
  problem.textContent = code === undefined ? '' : explain(code, retryAfterS);
  done.textContent = code === undefined ? texts.passwordChanged : '';
  button.disabled = false;
  if (code !== undefined) return;
  form.reset();
  await showSessions();
});

function explain(code, retryAfterS) {
  if (code === 'too_many_sign_ins') return texts.too_many_sign_ins(Math.ceil(retryAfterS / 60));
  if (code === 'wrong_password' || code === 'validation_failed') return texts[code];
  return texts.changeFailed;
}
