import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { nowMs } from '../clock.ts';
import type { Fault } from '../contract.ts';
import type { SimulatorState } from '../state.ts';
import { type Answer, badRequest, failed, tooManyRequests } from './answer.ts';
import type { Call } from './call.ts';
import { METHODS } from './methods.ts';
import { chatIdParam } from './params.ts';
import { readBody, readParams } from './read-params.ts';

const BOT_PATH = /^\/bot(\d+:[\w-]+)\/(\w+)(?:\?(.*))?$/;

const HTML_502 = `<html>\r
<head><title>502 Bad Gateway</title></head>\r
<body>\r
<center><h1>502 Bad Gateway</h1></center>\r
<hr><center>nginx/1.18.0</center>\r
</body>\r
</html>\r
`;

/** What happens to the connection in the end. */
type Reply =
  | { kind: 'answer'; answer: Answer }
  | { kind: 'truncated'; answer: Answer }
  | { kind: 'html502' }
  | { kind: 'reset' }
  | { kind: 'hang' };

/** Answers one request to `/bot<token>/<method>`, or does to it what a fault wants. */
export async function handleBotRequest(
  state: SimulatorState,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const receivedAtMs = nowMs();
  const body = await readBody(request);
  const [, token, name, query = ''] = BOT_PATH.exec(request.url ?? '') ?? [];
  if (token === undefined || name === undefined) return sendAnswer(response, failed(404, 'Not Found'));
  if (token !== state.token) return sendAnswer(response, failed(401, 'Unauthorized'));
  if (body === 'too-large') return sendAnswer(response, failed(413, 'Request Entity Too Large'));
  const read = await readParams(query, request.headers['content-type'] ?? '', body);
  if (!read.ok) return sendAnswer(response, badRequest(read.reason));

  const hungUp = new AbortController();
  response.on('close', () => {
    if (!response.writableFinished) hungUp.abort();
  });
  const method = name.toLowerCase();
  state.requests[name] = (state.requests[name] ?? 0) + 1;
  const call: Call = { method, params: read.params, receivedAtMs, signal: hungUp.signal, fault: null };
  send(response, await replyTo(state, call));
}

async function replyTo(state: SimulatorState, call: Call): Promise<Reply> {
  const { latencyMs, jitterMs } = state.latency;
  // What has left a client arrives, whether or not the client still waits: no signal here.
  if (latencyMs + jitterMs > 0) await sleep(latencyMs + jitterMs * state.random());

  const chatId = chatIdParam(call.params);
  if (call.method === 'sendmessage' && chatId !== null) {
    const secondsLeft = state.limits.penalty(chatId, call.receivedAtMs, nowMs());
    if (secondsLeft !== null) return { kind: 'answer', answer: tooManyRequests(secondsLeft) };
  }
  const fault = state.faults.take(call.method, chatId);
  if (fault === null) return { kind: 'answer', answer: await carryOut(state, call) };
  return replyWithFault(state, { ...call, fault: fault.kind }, fault, chatId);
}

async function replyWithFault(
  state: SimulatorState,
  call: Call,
  fault: Fault,
  chatId: number | null,
): Promise<Reply> {
  switch (fault.kind) {
    case 'html502':
    case 'reset':
    case 'hang':
      return { kind: fault.kind };
    case 'accepted-then-reset':
      await carryOut(state, call);
      return { kind: 'reset' };
    case 'accepted-then-hang':
      await carryOut(state, call);
      return { kind: 'hang' };
    case 'accepted-then-truncated':
      return { kind: 'truncated', answer: await carryOut(state, call) };
    case 'delay':
      await sleep(fault.delayMs);
      return { kind: 'answer', answer: await carryOut(state, call) };
    case 'revoked':
      return { kind: 'answer', answer: failed(401, 'Unauthorized') };
    case 'migrate': {
      const { migrateToChatId } = fault;
      state.chats.change(migrateToChatId, {});
      const answer = badRequest('group chat was upgraded to a supergroup chat');
      return {
        kind: 'answer',
        answer: { ...answer, parameters: { migrate_to_chat_id: migrateToChatId } } as Answer,
      };
    }
    case 'answer':
      return { kind: 'answer', answer: injectedAnswer(state, fault, chatId) };
    default:
      return fault satisfies never;
  }
}

function injectedAnswer(
  state: SimulatorState,
  fault: Extract<Fault, { kind: 'answer' }>,
  chatId: number | null,
): Answer {
  const { errorCode, description, retryAfterSeconds, scope = 'bot' } = fault;
  if (retryAfterSeconds === undefined) return failed(errorCode, description);
  state.limits.impose(scope === 'bot' ? null : chatId, retryAfterSeconds, nowMs());
  return { ok: false, error_code: errorCode, description, parameters: { retry_after: retryAfterSeconds } };
}

async function carryOut(state: SimulatorState, call: Call): Promise<Answer> {
  const method = METHODS.get(call.method);
  return method === undefined ? failed(404, 'Not Found: method not found') : method(state, call);
}

function send(response: ServerResponse, reply: Reply): void {
  switch (reply.kind) {
    case 'answer':
      sendAnswer(response, reply.answer);
      return;
    case 'truncated': {
      const body = Buffer.from(JSON.stringify(reply.answer));
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length });
      response.write(body.subarray(0, body.length / 2), () => response.destroy());
      return;
    }
    case 'html502': {
      const headers = {
        server: 'nginx/1.18.0',
        'content-type': 'text/html',
        'content-length': HTML_502.length,
      };
      response.writeHead(502, headers).end(HTML_502);
      return;
    }
    case 'reset':
      response.socket?.resetAndDestroy();
      return;
    case 'hang':
      return;
    default:
      reply satisfies never;
  }
}

function sendAnswer(response: ServerResponse, answer: Answer): void {
  const body = JSON.stringify(answer);
  const headers: Record<string, string | number> = {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
  };
  if (!answer.ok && answer.parameters?.retry_after !== undefined) {
    headers['retry-after'] = answer.parameters.retry_after;
  }
  response.writeHead(answer.ok ? 200 : answer.error_code, headers).end(body);
}
