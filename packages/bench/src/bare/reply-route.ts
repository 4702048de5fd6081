/**
 * The opponent of Replybell's reply route: the same path in Fastify, which inserts the reply and awaits a bare
 * `queue.add`. No notification, no key, no log; and a job is lost, or its reply, when the process dies in between.
 */
import { Queue } from 'bullmq';
import Fastify from 'fastify';
import pg from 'pg';
import { required } from './environment.ts';

const pool = new pg.Pool({ connectionString: required('DATABASE_URL'), max: 20 });
const queue = new Queue('bare-replies', { connection: { url: required('REDIS_URL') } });
const app = Fastify();

app.post<{ Params: { id: number }; Body: { message: string } }>(
  '/api/admin/tickets/:id/replies',
  {
    schema: {
      params: { type: 'object', required: ['id'], properties: { id: { type: 'integer' } } },
      body: { type: 'object', required: ['message'], properties: { message: { type: 'string' } } },
      response: {
        201: {
          type: 'object',
          properties: {
            reply: {
              type: 'object',
              properties: {
                id: { type: 'integer' },
                ticketId: { type: 'integer' },
                message: { type: 'string' },
                createdAt: { type: 'string', format: 'date-time' },
              },
            },
          },
        },
      },
    },
  },
  async (request, response) => {
    const ticketId = request.params.id;
    const { message } = request.body;
    const { rows } = await pool.query<{ id: string; created_at: Date }>({
      name: 'insert-reply',
      text: `insert into support_messages (ticket_id, author, message) values ($1, 'admin', $2)
        returning id, created_at`,
      values: [ticketId, message],
    });
    const inserted = rows[0];
    if (!inserted) throw new Error('Nothing was inserted');
    await queue.add('notify', { messageId: inserted.id, ticketId });
    response.code(201);
    return { reply: { id: inserted.id, ticketId, message, createdAt: inserted.created_at } };
  },
);

const address = await app.listen({ host: '127.0.0.1', port: Number(required('API_PORT')) });
console.log(`Bare API listening on ${address}`);

process.once('SIGTERM', async () => {
  await app.close();
  await queue.close();
  await pool.end();
});
