import { callApi } from './call-api.js';
import { locale, texts } from './texts.js';

const list = document.querySelector('.sessions ul');
const problem = document.querySelector('.sessions [role="alert"]');
const endOthers = document.querySelector('.sessions > button');
const time = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' });

endOthers.addEventListener('click', () => end('/api/account/sessions'));

/** Shows where the admin is signed in: the newest hundred of their sessions. */
export async function showSessions() {
  const { code, answer } = await callApi('GET', '/api/account/sessions?limit=100');
  problem.textContent = code === undefined ? '' : texts.changeFailed;
  if (code !== undefined) return;
  list.replaceChildren(...answer.items.map(toItem));
  endOthers.hidden = answer.items.every(({ current }) => current);
}

async function end(path) {
  const { code } = await callApi('DELETE', path);
  await showSessions();
  // One that has ended meanwhile is what was wanted.
  if (code !== undefined && code !== 'session_not_found') problem.textContent = texts.changeFailed;
}

function toItem({ id, current, userAgent, createdAt, lastUsedAt }) {
  const browser = document.createElement('span');
  browser.textContent = userAgent ?? texts.unnamedBrowser;
  const use = document.createElement('small');
  const said = (at) => time.format(new Date(at));
  use.textContent = [
    current ? texts.thisBrowser : texts.lastUsed(said(lastUsedAt)),
    texts.signedInOn(said(createdAt)),
  ].join(' · ');
  const item = document.createElement('li');
  item.append(browser, use);
  if (current) return item;
  const button = document.createElement('button');
  button.type = 'button';
  button.textContent = texts.endSession;
  button.addEventListener('click', () => end(`/api/account/sessions/${id}`));
  item.append(button);
  return item;
}
