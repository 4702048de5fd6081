import { texts } from './texts.js';

const button = document.querySelector('button');
const alert = document.querySelector('[role="alert"]');

button.addEventListener('click', async () => {
  alert.hidden = true;
  button.disabled = true;
  if (await signOut()) {
    location.reload();
    return;
  }
  alert.textContent = texts.signOutFailed;
  alert.hidden = false;
  button.disabled = false;
});

async function signOut() {
  try {
    return (await fetch('/api/session', { method: 'DELETE' })).ok;
  } catch {
    return false;
  }
}

const response = await fetch('/api/session');
// The session may have ended since the page was loaded: then there is a form to show in its place.
if (response.status === 401) location.reload();
else if (response.ok) document.querySelector('.caller').textContent = (await response.json()).name;
