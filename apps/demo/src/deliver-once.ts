import { createApiClient } from '@replybell/api-client';
import type { LedgerItem } from '@replybell/simulator';
import type { LogLine, StartedProcess } from '@replybell/testing/started-process';
import { dataOf } from './data-of.ts';
import { type DeliveryEvent, readDeliveryEvent } from './delivery-events.ts';
import { lastLines } from './process-lines.ts';
import { createSampleTickets } from './sample-tickets.ts';
import { formatDuration, frame, heading, step } from './screen.ts';
import type { Services } from './services.ts';

const DEADLINE_MS = 30_000;

/**
 * Posts one reply and shows what the user got.
 *
 * @throws with the reason, and the worker's last errors, if Telegram did not accept it within 30 s.
 */
export async function deliverOnce({ api, worker, botApi, apiKey }: Services): Promise<void> {
  const client = createApiClient({ baseUrl: api.url, apiKey });
  const { reachable } = await step('Users and tickets', () => createSampleTickets(client, botApi));

  const postedAtMs = nowMs();
  const { notification } = await dataOf(
    client.POST('/api/admin/tickets/{id}/replies', {
      params: { path: { id: reachable.ticketId } },
      body: { message: 'Баланс восстановлен. Спасибо, что написали!' },
    }),
  );
  const event = await waitForEnd(worker, notification.id);
  const seenAtMs = nowMs();
  if (event.kind !== 'sent') throw new Error(`${event.text}\n${lastLines(worker)}`);

  const message = await botApi.findMessage(reachable.telegramId, event.telegramMessageId ?? 0);
  console.log(`\n${heading(`Telegram user ${reachable.telegramId} got:`)}\n`);
  console.log(message ? readableMessage(message) : '  The message is in your chat with the bot.');
  const tookMs = (message?.atMs ?? seenAtMs) - postedAtMs;
  console.log(`\nFrom the admin's POST to acceptance by the Bot API: ${formatDuration(tookMs)}`);
}

/** Milliseconds since 1970 with decimals, unmoved by steps of the clock; the simulator's ledger counts the same way. */
const nowMs = () => performance.timeOrigin + performance.now();

async function waitForEnd(worker: StartedProcess, notificationId: string): Promise<DeliveryEvent> {
  const eventOf = (line: LogLine) => {
    const event = readDeliveryEvent(line);
    return event?.notificationId === notificationId && event.kind !== 'retrying' ? event : undefined;
  };
  const line = await worker
    .waitForLog((each) => eventOf(each) !== undefined, { timeoutMs: DEADLINE_MS })
    .catch(() => undefined);
  const event = line && eventOf(line);
  if (event) return event;
  throw new Error(
    `The message did not arrive within ${DEADLINE_MS / 1_000} s. The worker's last lines:\n${lastLines(worker)}`,
  );
}

type InlineKeyboard = { inline_keyboard?: { text: string; url?: string; web_app?: { url: string } }[][] };

function readableMessage({ text, replyMarkup }: LedgerItem): string {
  const button = (replyMarkup as InlineKeyboard | null)?.inline_keyboard?.[0]?.[0];
  return frame(text, `${button?.text} → ${button?.web_app?.url ?? button?.url}`);
}
