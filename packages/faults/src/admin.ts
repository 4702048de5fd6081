import { randomUUID } from 'node:crypto';
import { until } from './until.ts';

/** The parts of the API's answers that the tests look into. Which are there depends on the route and the status. */
type AnswerBody = {
  id: number;
  reply: { id: number };
  notification: { id: string };
  messages: unknown[];
  errors: unknown[];
  queues: { jobs: unknown[] }[];
};

/** What a request came to. */
export type Answer = {
  /** 0: no answer came, the connection was refused or broke off. */
  status: number;
  body: AnswerBody;
  /** From the request to the end of its answer. */
  ms: number;
};

/** A reply that was answered 2xx: from then on its notification must not be lost. */
type Promised = { ticketId: number; messageId: number; notificationId: string };

/** An admin who calls the API, and remembers what it promised. */
export type Admin = {
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  reply(ticketId: number, options?: { message?: string; idempotencyKey?: string }): Promise<Answer>;
  /** Replies, and again while the answer is 503: an API that starts on a busy machine may be overloaded. */
  replyForSure(ticketId: number, options?: { message?: string }): Promise<void>;
  promised: readonly Promised[];
};

const PATIENCE_MS = 60_000;

/** @param url the API's address; nobody need listen there yet. */
export function createAdmin(url: string, apiKey: string): Admin {
  const promised: Promised[] = [];

  const call: Admin['call'] = async (method, path, body, headers = {}) => {
    const from = performance.now();
    const answer = (status: number, answered: unknown): Answer => ({
      status,
      body: answered as AnswerBody,
      ms: performance.now() - from,
    });
    try {
      const response = await fetch(`${url}${path}`, {
        method,
        headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json', ...headers },
        signal: AbortSignal.timeout(PATIENCE_MS),
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      return answer(response.status, await response.json());
    } catch (error) {
      return answer(0, String(error));
    }
  };

  const reply: Admin['reply'] = async (ticketId, { message = 'It is right again', idempotencyKey } = {}) => {
    const headers = idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey };
    const answer = await call('POST', `/api/admin/tickets/${ticketId}/replies`, { message }, headers);
    if (answer.status === 201) {
      const { reply, notification } = answer.body;
      promised.push({ ticketId, messageId: reply.id, notificationId: notification.id });
    }
    return answer;
  };

  return {
    call,
    promised,
    reply,
    async replyForSure(ticketId, options) {
      const idempotencyKey = randomUUID();
      await until(`a reply to ticket ${ticketId} is answered 201`, async () => {
        const { status, body } = await reply(ticketId, { ...options, idempotencyKey });
        if (status !== 201 && status !== 503) throw new Error(`${status}: ${JSON.stringify(body)}`);
        return status === 201;
      });
    },
  };
}
