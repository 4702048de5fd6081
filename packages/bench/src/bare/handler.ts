/**
 * The opponent of Replybell's worker: what one writes in an afternoon. A BullMQ handler with one SELECT, grammY's
 * `sendMessage`, one UPDATE, and nothing else: no claim, no attempts, no pace, no log. `HTTP_CLIENT` says who makes its
 * requests: `grammy` its own client, `undici` the same as Replybell's.
 */
import { createTransport } from '@replybell/telegram';
import { Worker } from 'bullmq';
import { Api } from 'grammy';
import pg from 'pg';
import { required } from './environment.ts';
import { BARE_QUEUE, type BareJobData } from './table.ts';

const pool = new pg.Pool({ connectionString: required('DATABASE_URL'), max: 20 });
const token = required('BOT_TOKEN');
const apiRoot = required('TELEGRAM_API_ROOT');
const concurrency = Number(required('WORKER_CONCURRENCY'));
const api = new Api(token, { apiRoot });
if (required('HTTP_CLIENT') === 'undici') {
  const transport = createTransport({ token, apiRoot, timeoutMs: 15_000, connections: concurrency });
  api.config.use(transport.transformer);
}

const worker = new Worker<BareJobData>(
  BARE_QUEUE,
  async ({ data: { notificationId, ticketId } }) => {
    const { rows } = await pool.query<{ telegram_id: string; subject: string }>({
      name: 'find-ticket',
      text: `select u.telegram_id, t.subject
        from support_tickets t join users u on u.id = t.user_id where t.id = $1`,
      values: [ticketId],
    });
    const ticket = rows[0];
    if (!ticket) return;
    await api.sendMessage(ticket.telegram_id, messageText(ticketId, ticket.subject), {
      parse_mode: 'HTML',
      reply_markup: { inline_keyboard: [[openButton(ticketId)]] },
      link_preview_options: { is_disabled: true },
    });
    await pool.query({
      name: 'mark-sent',
      text: 'update bare_notifications set sent_at = now() where id = $1',
      values: [notificationId],
    });
  },
  {
    connection: { url: required('REDIS_URL'), maxRetriesPerRequest: null },
    concurrency,
    removeOnComplete: { count: 1_000 },
  },
);
worker.on('error', console.error);
await worker.waitUntilReady();
console.log('Bare handler ready');

process.once('SIGTERM', async () => {
  await worker.close();
  await pool.end();
});

/** The same message as Replybell's, so that both sides send as many bytes. */
function messageText(ticketId: number, subject: string): string {
  const escaped = subject.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return `💬 <b>Новый ответ в тикете поддержки</b>

Администратор ответил на ваш тикет <b>#${ticketId}</b>

📝 Тема: <b>${escaped}</b>

Откройте приложение для просмотра ответа 👇`;
}

function openButton(ticketId: number) {
  const url = `${required('WEBAPP_URL')}?startapp=support_ticket_${ticketId}`;
  return { text: '📱 Открыть тикет', web_app: { url } };
}
