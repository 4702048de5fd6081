import { createTestDatabase, type TestDatabase } from '@replybell/testing';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { problemCodes } from '../src/problem.ts';
import { asTma, botToken, freshTelegramId, initDataOf, miniAppOf } from './mini-app.ts';
import { type Operation, operationsOf } from './operations.ts';
import { type FuzzedRequest, requestsFor } from './request-arbitraries.ts';
import { apiKey, openTestApp, type TestApp } from './test-app.ts';

const FUZZING_MS = 15_000;

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

let database: TestDatabase;
let api: TestApp;
let operations: Operation[];
beforeAll(async () => {
  database = await createTestDatabase();
  api = await openTestApp({ DATABASE_URL: database.url, BOT_TOKEN: botToken, RATE_LIMIT_PER_MINUTE: '0' });
  const { ticketId } = await api.openTicket();
  await api.call('POST', `/api/admin/tickets/${ticketId}/replies`, { message: 'Done' });
  for (const subject of ['One', 'Two', 'Three']) await miniAppOf(api, person).openTicket(subject);
  operations = await operationsOf(api);
});
afterAll(async () => {
  await api.close();
  await database.drop();
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

/** A few requests, the same at each run. */
function sampleOf(operation: Operation): FuzzedRequest[] {
  return fc.sample(requestsFor(operation), { seed: 1, numRuns: 5 });
}

test('every security scheme of the contract is swept', () => {
  const schemes = operations.flatMap((operation) => operation.schemes);
  expect(Object.keys(credentials)).toEqual(expect.arrayContaining(schemes));
});

test('only health is open to everybody', () => {
  const open = operations.filter(({ schemes }) => schemes.length === 0);
  expect(open.map(({ path }) => path)).toEqual(['/healthz', '/readyz']);
});

test('nobody gets in without a key, or with a wrong one', async () => {
  for (const operation of operations.filter(({ schemes }) => schemes.length > 0)) {
    const wrong = operation.schemes.flatMap((scheme) => credentials[scheme]?.wrong ?? []);
    for (const identity of [{}, ...wrong]) {
      for (const request of sampleOf(operation)) {
        const answer = await send(operation, request, identity);
        const where = `${operation.method} ${request.url} with ${JSON.stringify(identity)}`;
        // The address may be refused before anybody is asked who they are.
        expect([401, 404, 414, 400], where).toContain(answer.statusCode);
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

test('whatever is sent, nothing unexpected happens', async () => {
  const untilMs = performance.now() + FUZZING_MS;
  // What one operation leaves of its time is shared by those that follow.
  const share = (index: number) => (untilMs - performance.now()) / (operations.length - index);
  const seen = new Map<string, Set<number>>();
  // Reads first: what the others do to the data is as wild as what they are sent.
  const readsFirst = operations.toSorted((a, b) => Number(b.method === 'GET') - Number(a.method === 'GET'));
  for (const [index, operation] of readsFirst.entries()) {
    const statuses = new Set<number>();
    seen.set(operation.operationId, statuses);
    const property = fc.asyncProperty(requestsFor(operation), async (request) => {
      const answer = await send(operation, request, rightIdentity(operation));
      statuses.add(answer.statusCode);
      const where = `${operation.method} ${request.url}`;
      expect(answer.statusCode, where).toBeLessThan(500);
      expect(Object.keys(operation.responses), where).toContain(String(answer.statusCode));
      if (answer.statusCode >= 400) expectProblem(answer, where);
    });
    await fc.assert(property, {
      numRuns: 400,
      interruptAfterTimeLimit: share(index),
      markInterruptAsFailure: false,
    });
  }
  // Requests that are never let through would prove nothing.
  const letThrough = operations.filter(({ method }) => method === 'GET');
  for (const { operationId } of letThrough)
    expect([...(seen.get(operationId) ?? [])], operationId).toContain(200);
});
