import { clockTime, create } from './elements.js';
import { messageElement } from './message.js';

const WAIT_MS = 25_000;
const PAUSE_MS = 200;
const RETRY_MS = 1_000;

const view = Object.fromEntries(
  Array.from(document.querySelectorAll('[id]'), (element) => [element.id, element]),
);

const state = {
  version: 0,
  bot: null,
  chats: [],
  /** The id of the open chat, or null. */
  openId: null,
  /** When the newest message of each chat was seen, by the chat's id. */
  seenMs: new Map(),
  /** What the message list shows, to leave it alone when nothing has changed. */
  shown: '',
};

async function request(method, path, body) {
  const response = await fetch(`/simulator/${path}`, {
    method,
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error);
  return answer;
}

// The chats as the server knows them

async function followChanges() {
  for (;;) {
    try {
      const answer = await request('GET', `chats?version=${state.version}&waitMs=${WAIT_MS}`);
      // A simulator that was started anew counts from the beginning.
      const isFirst = state.version === 0;
      Object.assign(state, answer);
      if (isFirst) for (const chat of state.chats) state.seenMs.set(chat.id, chat.last?.atMs ?? 0);
      if (isFirst) openNewestChat();
      view.connection.hidden = true;
      renderChats();
      await showConversation();
      await pause(PAUSE_MS);
    } catch {
      view.connection.hidden = false;
      state.version = 0;
      await pause(RETRY_MS);
    }
  }
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function renderChats() {
  view['bot-name'].textContent = state.bot.first_name;
  view['bot-username'].textContent = `@${state.bot.username} · Bot API simulator`;
  view.chats.replaceChildren(...state.chats.map(chatRow));
  view['no-chats'].hidden = state.chats.length > 0;
  const unread = state.chats.filter(isUnread).length;
  document.title = `${unread > 0 ? `(${unread}) ` : ''}${state.bot.first_name} · Bot API simulator`;
}

function chatRow(chat) {
  const row = create('button', 'chat-row');
  row.type = 'button';
  row.setAttribute('aria-current', String(chat.id === state.openId));
  row.addEventListener('click', () => openChat(chat.id));
  const last = create('span', 'last', lastWords(chat));
  const when = create('time', '', chat.last === null ? '' : shortTime(chat.last.atMs));
  row.append(avatar(chat), create('span', 'name', nameOf(chat)), when, last);
  if (isUnread(chat)) row.append(create('span', 'unread'));
  const item = document.createElement('li');
  item.append(row);
  return item;
}

function isUnread(chat) {
  return chat.id !== state.openId && (chat.last?.atMs ?? 0) > (state.seenMs.get(chat.id) ?? 0);
}

function lastWords(chat) {
  if (chat.blocked) return 'has blocked the bot';
  if (chat.last === null) return chat.started ? 'no messages' : 'has not pressed Start';
  return (chat.last.from === 'user' ? 'You: ' : '') + chat.last.text.replaceAll('\n', ' ');
}

function nameOf(chat) {
  return chat.firstName === 'User' ? `User ${chat.id}` : chat.firstName;
}

function avatar(chat) {
  const element = create('span', 'avatar', Array.from(nameOf(chat))[0]?.toUpperCase() ?? '');
  element.style.setProperty('--hue', String((Math.abs(chat.id) * 47) % 360));
  return element;
}

// One conversation

/** Where there is room for both, whoever opens the page sees the newest message at once. */
function openNewestChat() {
  const newest = state.chats.reduce(
    (latest, chat) => ((chat.last?.atMs ?? 0) > (latest?.last?.atMs ?? 0) ? chat : latest),
    null,
  );
  if (newest !== null && location.hash === '' && matchMedia('(min-width: 720px)').matches)
    openChat(newest.id);
}

function openChat(id) {
  if (location.hash === `#${id}`) void showOpenChat();
  else location.hash = String(id);
}

async function showOpenChat() {
  const id = Number(location.hash.slice(1));
  state.openId = Number.isSafeInteger(id) && id !== 0 ? id : null;
  state.shown = '';
  document.body.classList.toggle('reading', state.openId !== null);
  if (state.bot !== null) renderChats();
  await showConversation();
  if (state.openId !== null && matchMedia('(hover: hover)').matches) view.text.focus();
}

async function showConversation() {
  const chat = state.chats.find((candidate) => candidate.id === state.openId);
  view.conversation.hidden = chat === undefined;
  view.welcome.hidden = chat !== undefined;
  if (chat === undefined) {
    showWelcome();
    return;
  }
  state.seenMs.set(chat.id, chat.last?.atMs ?? 0);
  view['chat-avatar'].replaceChildren(...avatar(chat).childNodes);
  view['chat-avatar'].style.setProperty('--hue', String((Math.abs(chat.id) * 47) % 360));
  view['chat-name'].textContent = nameOf(chat);
  view['chat-detail'].textContent = [
    `id ${chat.id}`,
    chat.username === null ? null : `@${chat.username}`,
    chat.deactivated ? 'account deleted' : null,
  ]
    .filter((part) => part !== null)
    .join(' · ');
  view.block.textContent = chat.blocked ? 'Unblock bot' : 'Block bot';
  view.block.classList.toggle('danger', !chat.blocked);
  const lines = await request('GET', `chats/${chat.id}/messages`);
  if (state.openId !== chat.id) return;
  const canWrite = chat.started && !chat.blocked && lines.length > 0;
  view.composer.hidden = !canWrite;
  view.restart.hidden = canWrite;
  view.restart.textContent = chat.blocked ? 'RESTART BOT' : 'START';
  showLines(lines, chat);
}

function showWelcome() {
  const [title, first] = view.welcome.querySelectorAll('h2, p');
  if (state.chats.length === 0) return;
  title.textContent = 'Choose a chat';
  first.textContent = 'Each chat at the left is what one user sees in Telegram.';
}

function showLines(lines, chat) {
  const shown = JSON.stringify([chat.id, lines]);
  if (shown === state.shown) return;
  const isNewChat = !state.shown.startsWith(`[${chat.id},`);
  const list = view.messages;
  const wasAtEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 80;
  state.shown = shown;
  const elements = [];
  let day = '';
  for (const line of lines) {
    const lineDay = new Date(line.atMs).toLocaleDateString('en', { day: 'numeric', month: 'long' });
    if (lineDay !== day) elements.push(create('div', 'chip', lineDay));
    day = lineDay;
    elements.push(messageElement(line, actionsOf(chat)));
  }
  if (lines.length === 0) elements.push(create('div', 'chip', 'No messages here yet'));
  list.replaceChildren(...elements);
  if (isNewChat || wasAtEnd) list.scrollTop = list.scrollHeight;
}

function actionsOf(chat) {
  const press = (messageId, data) =>
    request('POST', `chats/${chat.id}/updates`, { callback: { messageId, data } });
  return {
    openMiniApp: (url) => attempt(() => openMiniApp(url, chat))(),
    press: (messageId, data) => attempt(() => press(messageId, data))(),
    ignore: () => toast('The simulator does nothing on this kind of button.'),
  };
}

async function openMiniApp(buttonUrl, chat) {
  const { url } = await request('POST', `chats/${chat.id}/mini-app`, { url: buttonUrl });
  view['mini-app-address'].textContent = buttonUrl;
  view['mini-app-address'].title = buttonUrl;
  view['mini-app-tab'].href = url;
  view['mini-app-frame'].src = url;
  view['mini-app'].showModal();
}

// Small things

function shortTime(atMs) {
  const isToday = new Date(atMs).toDateString() === new Date().toDateString();
  return isToday
    ? clockTime(atMs)
    : new Date(atMs).toLocaleDateString('en-GB', { day: 'numeric', month: 'short' });
}

let toastTimer;

function toast(text) {
  view.toast.textContent = text;
  view.toast.hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => {
    view.toast.hidden = true;
  }, 4_000);
}

/** Wraps an action of the user: what goes wrong is shown. */
function attempt(action) {
  return (event) => {
    event?.preventDefault();
    Promise.resolve()
      .then(action)
      .catch((error) => toast(error.message));
  };
}

function writeToBot(text) {
  return request('POST', `chats/${state.openId}/updates`, { text });
}

view['open-chat'].addEventListener(
  'submit',
  attempt(async () => {
    const id = Number(view['open-chat-id'].value);
    view['open-chat-id'].value = '';
    const isKnown = state.chats.some((chat) => chat.id === id);
    if (!isKnown) await request('POST', `chats/${id}`, {});
    openChat(id);
  }),
);
view.composer.addEventListener(
  'submit',
  attempt(async () => {
    const text = view.text.value.trim();
    if (text === '') return;
    view.text.value = '';
    await writeToBot(text);
  }),
);
view.restart.addEventListener(
  'click',
  attempt(() => writeToBot('/start')),
);
view.block.addEventListener(
  'click',
  attempt(() => {
    const chat = state.chats.find((candidate) => candidate.id === state.openId);
    return request('POST', `chats/${chat.id}`, { blocked: !chat.blocked });
  }),
);
view.back.addEventListener('click', () => {
  location.hash = '';
});
view['mini-app-close'].addEventListener('click', () => view['mini-app'].close());
view['mini-app'].addEventListener('close', () => {
  view['mini-app-frame'].src = 'about:blank';
});
window.addEventListener('hashchange', () => void showOpenChat());

await showOpenChat();
await followChanges();
