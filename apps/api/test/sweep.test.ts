import { createSimulator } from '@replybell/simulator';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { problemCodes } from '../src/problem.ts';
import { asTma, botToken, freshTelegramId, initDataOf, miniAppOf } from './mini-app.ts';
import { type Operation, operationsOf } from './operations.ts';
import { type FuzzedRequest, requestsFor } from './request-arbitraries.ts';
import { createAdmin, signIn } from './signed-in.ts';
import { apiKey, useTestApp } from './test-app.ts';

const FUZZING_MS = 20_000;
const LEAST_SHARE_MS = 250;

const webhookSecret = 'a-secret-between-telegram-and-us';
const sessionCookie = 'replybell.session_token';

/** Of an admin who signs in before the sweep. */
const sessionHeaders: Record<string, string> = {};

const person = { telegramId: freshTelegramId() };

/**
 * How a caller identifies itself, by the security schemes of the contract: once rightly, and in ways that must not do.
 * A scheme that isn't here fails the sweep.
 */
const credentials: Record<string, { right: Record<string, string>; wrong: Record<string, string>[] }> = {
  apiKey: {
    right: { authorization: `Bearer ${apiKey}` },
    wrong: [
      { authorization: `Bearer ${apiKey}x` },
      { authorization: `Bearer ${apiKey.slice(1)}` },
      { authorization: 'Bearer ' },
      { authorization: `Basic ${btoa(`:${apiKey}`)}` },
      { authorization: apiKey },
      { 'x-api-key': apiKey },
    ],
  },
  session: {
    right: sessionHeaders,
    wrong: [
      { cookie: `${sessionCookie}=forged` },
      { cookie: `${sessionCookie}=${'a'.repeat(32)}.${btoa('b'.repeat(32))}` },
      { cookie: `${sessionCookie}=` },
    ],
  },
  webhookSecret: {
    right: { 'x-telegram-bot-api-secret-token': webhookSecret },
    wrong: [
      { 'x-telegram-bot-api-secret-token': `${webhookSecret}x` },
      { 'x-telegram-bot-api-secret-token': '' },
      { authorization: `Bearer ${webhookSecret}` },
    ],
  },
  initData: {
    right: asTma(initDataOf(person)),
    wrong: [
      asTma(initDataOf(person, { token: '123456:another-bot' })),
      asTma(initDataOf(person, { ageSeconds: 30 * 24 * 60 * 60 })),
      asTma(initDataOf(person).replace('user=', 'user=x')),
      asTma(''),
      { authorization: initDataOf(person) },
      { authorization: `Bearer ${apiKey}` },
    ],
  },
};

const simulator = await createSimulator({ token: botToken });
afterAll(() => simulator.close());
const api = await useTestApp({
  BOT_TOKEN: botToken,
  TELEGRAM_API_ROOT: simulator.url,
  TELEGRAM_UPDATES: 'webhook',
  TELEGRAM_WEBHOOK_SECRET: webhookSecret,
  WEBAPP_URL: 'https://app.example.com',
  RATE_LIMIT_PER_MINUTE: '0',
});
let operations: Operation[];
beforeAll(async () => {
  // The person's, so that what has the number 1 is there for them as for admins.
  for (const subject of ['One', 'Two', 'Three']) await miniAppOf(api, person).openTicket(subject);
  const { ticketId } = await api.openTicket();
  await api.call('POST', `/api/admin/tickets/${ticketId}/replies`, { message: 'Done' });
  await createAdmin(api, 'sweeper@example.com', 'agent');
  const { cookies } = await signIn(api, 'sweeper@example.com');
  sessionHeaders['cookie'] = cookies.map(({ name, value }) => `${name}=${value}`).join('; ');
  operations = await operationsOf(api);
});

async function send(
  { method }: Operation,
  { url, headers, body }: FuzzedRequest,
  identity: Record<string, string>,
) {
  return api.app.inject({
    method,
    url,
    headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers, ...identity },
    ...(body !== undefined && { payload: JSON.stringify(body) ?? '' }),
  });
}

type Sent = Awaited<ReturnType<typeof send>>;

/** Refusals are problems with a code that the contract knows, and tell nothing of what is behind the API. */
function expectProblem(answer: Sent, where: string): void {
  expect(answer.headers['content-type'], where).toBe('application/problem+json');
  const problem = answer.json();
  expect(problemCodes, where).toContain(problem.code);
  expect(problem.status, where).toBe(answer.statusCode);
  expect(answer.body, where).not.toMatch(/\bselect\b|\binsert into\b|node_modules|\.ts:\d|postgres/i);
}

function rightIdentity({ schemes }: Operation): Record<string, string> {
  const [scheme] = schemes;
  return (scheme !== undefined && credentials[scheme]?.right) || {};
}

/** Its answer ends when the client goes away, so nobody could wait for it here. */
const isStream = ({ responses }: Operation) => 'text/event-stream' in (responses['200']?.content ?? {});

/** A few requests, the same at each run. */
function sampleOf(operation: Operation): FuzzedRequest[] {
  return fc.sample(requestsFor(operation), { seed: 1, numRuns: 5 });
}

test('every security scheme of the contract is swept', () => {
  const schemes = operations.flatMap((operation) => operation.schemes);
  expect(Object.keys(credentials)).toEqual(expect.arrayContaining(schemes));
});

test('only health, signing in and signing out are open to everybody', () => {
  const open = operations.filter(({ schemes }) => schemes.length === 0);
  expect(open.map(({ operationId }) => operationId).toSorted()).toEqual([
    'getHealth',
    'getReadiness',
    'signIn',
    'signOut',
  ]);
});

test('nobody gets in without a key, or with a wrong one', async () => {
  for (const operation of operations.filter(({ schemes }) => schemes.length > 0)) {
    const wrong = operation.schemes.flatMap((scheme) => credentials[scheme]?.wrong ?? []);
    for (const identity of [{}, ...wrong]) {
      for (const request of sampleOf(operation)) {
        const answer = await send(operation, request, identity);
        const where = `${operation.method} ${request.url} with ${JSON.stringify(identity)}`;
        // The address may be refused before anybody is asked who they are.
        expect([401, 403, 404, 414, 400], where).toContain(answer.statusCode);
        expectProblem(answer, where);
      }
    }
  }
});

test("what belongs to another user isn't there", async () => {
  const id = await miniAppOf(api).openTicket();
  const mine = operations.filter(({ path }) => path.startsWith('/api/me/') && path.includes('{id}'));
  for (const operation of mine) {
    for (const { url, ...request } of sampleOf(operation)) {
      const theirs = { ...request, url: url.replace(/^\/api\/me\/(\w+)\/[^/?]*/, `/api/me/$1/${id}`) };
      const answer = await send(operation, theirs, rightIdentity(operation));
      expect([400, 404], theirs.url).toContain(answer.statusCode);
    }
  }
});

test('what is there is read with the required parameters only', async () => {
  for (const operation of operations.filter((one) => one.method === 'GET' && !isStream(one))) {
    const plain = { url: operation.path.replaceAll(/\{\w+\}/g, '1'), headers: {}, body: undefined };
    const required = operation.parameters.filter((one) => one.required).map(({ in: place }) => place);
    expect(
      required.every((place) => place === 'path'),
      operation.operationId,
    ).toBe(true);
    const answer = await send(operation, plain, rightIdentity(operation));
    expect(answer.statusCode, plain.url).toBe(200);
  }
});

test('whatever is sent, nothing unexpected happens', async () => {
  const untilMs = performance.now() + FUZZING_MS;
  // What one operation leaves of its time is shared by those that follow.
  const share = (index: number) =>
    Math.max(LEAST_SHARE_MS, (untilMs - performance.now()) / (readsFirst.length - index));
  // Reads first: what the others do to the data is as wild as what they are sent.
  const readsFirst = operations
    .filter((operation) => !isStream(operation))
    .toSorted((a, b) => Number(b.method === 'GET') - Number(a.method === 'GET'));
  for (const [index, operation] of readsFirst.entries()) {
    const property = fc.asyncProperty(requestsFor(operation), async (request) => {
      const answer = await send(operation, request, rightIdentity(operation));
      const where = `${operation.method} ${request.url}`;
      expect(answer.statusCode, where).toBeLessThan(500);
      expect(Object.keys(operation.responses), where).toContain(String(answer.statusCode));
      if (answer.statusCode >= 400) expectProblem(answer, where);
    });
    const result = await fc.check(property, { numRuns: 400, interruptAfterTimeLimit: share(index) });
    // Whatever had no time to end proves nothing and is no failure.
    expect(result.counterexample, fc.defaultReportMessage(result)).toBeNull();
  }
});
