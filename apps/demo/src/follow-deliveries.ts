import { styleText } from 'node:util';
import { createApiClient } from '@replybell/api-client';
import type { StartedProcess } from '@replybell/testing/started-process';
import { dataOf } from './data-of.ts';
import { type DeliveryEvent, readDeliveryEvent } from './delivery-events.ts';
import type { LogFile } from './log-file.ts';
import { linesOf, whenEnded } from './process-lines.ts';
import { createSampleTickets, type SampleTickets } from './sample-tickets.ts';
import { faint, heading, step } from './screen.ts';
import type { Services } from './services.ts';
import { whenAborted } from './when-aborted.ts';

/**
 * Makes tickets, prints where everything is, posts two replies, then shows a line for whatever the worker does.
 *
 * @returns when the signal is aborted.
 * @throws when a process ends by itself; the message has its last lines.
 */
export async function followDeliveries(
  services: Services,
  { logFile, signal }: { logFile: LogFile; signal: AbortSignal },
): Promise<void> {
  const { api, worker, botApi, apiKey } = services;
  const client = createApiClient({ baseUrl: api.url, apiKey });
  const tickets = await step('Users and tickets', () => createSampleTickets(client, botApi));
  signal.throwIfAborted();
  printAddresses(services, logFile);
  printCommands(services, tickets);

  void showEvents(worker);
  const reply = (id: number, message: string) =>
    dataOf(client.POST('/api/admin/tickets/{id}/replies', { params: { path: { id } }, body: { message } }));
  await reply(tickets.reachable.ticketId, 'Здравствуйте! Уже проверяем.');
  await reply(tickets.unlinked.ticketId, 'Отправили код ещё раз.');

  const processes = [api, worker, ...(botApi.process ? [botApi.process] : [])];
  await Promise.race([whenAborted(signal), ...processes.map(whenEnded)]);
}

function printAddresses({ api, botApi, apiKey }: Services, { path }: LogFile): void {
  const rows = [
    ['Chats', botApi.chatPage ?? 'your chat with the bot, in Telegram'],
    ['API', `${api.url}/docs?with=key`],
    ['Bull Board', `${api.url}/admin/queues?with=key`],
    ['', `both: any user name, password ${apiKey}`],
    ...(path === undefined ? [] : [['Logs', path]]),
  ];
  console.log();
  for (const [name = '', value] of rows) console.log(`  ${heading(name.padEnd(12))}${value}`);
}

function printCommands({ api, apiKey }: Services, { reachable, unlinked }: SampleTickets): void {
  const curl = (method: string, path: string, body: object) =>
    [
      `curl -X ${method} ${api.url}${path} \\`,
      `  -H 'Authorization: Bearer ${apiKey}' -H 'Content-Type: application/json' \\`,
      `  -d '${JSON.stringify(body)}'`,
    ].join('\n');
  console.log(`\nAnswer a ticket yourself:\n`);
  console.log(curl('POST', `/api/admin/tickets/${reachable.ticketId}/replies`, { message: 'It works' }));
  console.log(
    `\nTicket ${unlinked.ticketId}'s user has no telegram_id: the reply to it waits until you set one:\n`,
  );
  console.log(curl('PATCH', `/api/admin/users/${unlinked.userId}`, { telegramId: unlinked.telegramId }));
  console.log(`\nWhat the worker does appears here. ${heading('Ctrl-C')} stops everything.\n`);
}

const signs = {
  sent: styleText('green', '✓'),
  retrying: styleText('yellow', '…'),
  parked: styleText('yellow', '!'),
  failed: styleText('red', '✗'),
} satisfies Record<DeliveryEvent['kind'], string>;

async function showEvents(worker: StartedProcess): Promise<void> {
  for await (const line of linesOf(worker)) {
    const event = readDeliveryEvent(line);
    if (event) console.log(`  ${faint(new Date().toLocaleTimeString())} ${signs[event.kind]} ${event.text}`);
  }
}
