import './password.js';
import { callApi } from './call-api.js';
import { showSessions } from './sessions.js';
import { texts } from './texts.js';

const button = document.querySelector('main > button');
const problem = document.querySelector('main > [role="alert"]');

button.addEventListener('click', async () => {
  problem.hidden = true;
  button.disabled = true;
  const { code } = await callApi('DELETE', '/api/session');
  if (code === undefined) {
    location.reload();
    return;
  }
  problem.textContent = texts.signOutFailed;
  problem.hidden = false;
  button.disabled = false;
});

document.querySelector('.sessions').addEventListener('toggle', ({ target }) => target.open && showSessions());

const { answer } = await callApi('GET', '/api/session');
if (answer) document.querySelector('.caller').textContent = answer.name;
