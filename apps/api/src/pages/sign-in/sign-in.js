import { texts } from './texts.js';

/** The page that was asked for before, or another; only one of this server, whatever the address says. */
function destinationOr(other) {
  const to = new URL(new URLSearchParams(location.search).get('to') ?? other, location.origin);
  return to.origin === location.origin ? to : new URL(other, location.origin);
}

// Nobody signs in with a key: it opens the pages that ask for one.
const withKey = destinationOr('/admin/queues');
withKey.searchParams.set('with', 'key');
document.querySelector('.with-key').href = withKey;

const form = document.querySelector('form');
const alert = document.querySelector('[role="alert"]');
const button = document.querySelector('button');

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  alert.hidden = true;
  button.disabled = true;
  const problem = await signIn();
  if (problem === undefined) {
    location.assign(destinationOr('/admin/sign-in'));
    return;
  }
  alert.textContent = problem;
  alert.hidden = false;
  button.disabled = false;
});

/** Signs in; returns what to tell if that failed. */
async function signIn() {
  try {
    const response = await fetch('/api/session', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(Object.fromEntries(new FormData(form))),
    });
    if (response.ok) return undefined;
    const { code } = await response.json();
    // An email that can't be one is refused before it is looked for.
    if (code === 'wrong_credentials' || code === 'validation_failed') return texts.wrong_credentials;
    if (code !== 'too_many_sign_ins') return texts.failed;
    return texts.too_many_sign_ins(Math.ceil(Number(response.headers.get('retry-after')) / 60));
  } catch {
    return texts.failed;
  }
}
