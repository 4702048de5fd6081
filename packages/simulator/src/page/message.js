import { clockTime, create } from './elements.js';
import { renderText } from './render-text.js';

/**
 * One line of a conversation. `actions` are what its buttons do: `openMiniApp(url)`, `press(messageId, data)` and
 * `ignore()` for kinds of buttons that the simulator doesn't know.
 */
export function messageElement(line, actions) {
  const message = create('div', `message ${line.from}`);
  const bubble = create('div', 'bubble');
  const text = line.text === '' ? 'This text is no longer kept.' : line.text;
  bubble.append(renderText(text, line.entities));
  const time = create('time', '', clockTime(line.atMs));
  time.dateTime = new Date(line.atMs).toISOString();
  time.title = new Date(line.atMs).toLocaleString('en');
  bubble.append(time);
  message.append(bubble);
  const rows = line.replyMarkup?.inline_keyboard ?? [];
  if (rows.length > 0) message.append(keyboard(rows, line, actions));
  return message;
}

function keyboard(rows, line, actions) {
  const element = create('div', 'keyboard');
  for (const row of rows) {
    const rowElement = create('div', 'keyboard-row');
    for (const button of row) rowElement.append(keyboardButton(button, line, actions));
    element.append(rowElement);
  }
  return element;
}

function keyboardButton(button, line, actions) {
  const element = create('button', '', button.text);
  element.type = 'button';
  if (button.web_app !== undefined) {
    element.dataset.mark = '⧉';
    element.title = button.web_app.url;
    element.addEventListener('click', () => actions.openMiniApp(button.web_app.url));
  } else if (button.url !== undefined) {
    element.dataset.mark = '↗\ufe0e';
    element.title = button.url;
    element.addEventListener('click', () => window.open(button.url, '_blank', 'noopener'));
  } else if (button.callback_data !== undefined) {
    element.addEventListener('click', () => actions.press(line.messageId, button.callback_data));
  } else {
    element.addEventListener('click', () => actions.ignore());
  }
  return element;
}
