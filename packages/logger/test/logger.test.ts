import { describe, expect, it } from 'vitest';
import { createLogger, createOutageLog, type Logger, texts } from '../src/index.ts';

describe('texts', () => {
  it('are the ones that operators search for', () => {
    expect(texts.tokenConfigured.text).toBe('BOT_TOKEN configured: True');
    expect(texts.tokenMissing.text).toBe('BOT_TOKEN not configured');
    expect(texts.webAppUrl('https://a.example').text).toBe('WEBAPP_URL: https://a.example');
    expect(texts.prepare(1).text).toBe('Preparing to send Telegram notification for ticket 1');
    expect(texts.userFound(1).text).toBe('User found: True, user_id: 1');
    expect(texts.userTelegramId(1234567890).text).toBe('User telegram_id: 1234567890');
    expect(texts.userTelegramId(null).text).toBe('User telegram_id: None');
    expect(texts.send(1234567890, 1).text).toBe(
      'Attempting to send Telegram notification to user 1234567890 for ticket 1',
    );
    expect(texts.sent(1234567890, 1).text).toBe('Telegram notification sent to user 1234567890 for ticket 1');
    expect(texts.failed('Forbidden').text).toBe('Failed to send Telegram notification: Forbidden');
  });
});

describe('createOutageLog', () => {
  it('writes the first error and the recovery, not the flood between', () => {
    const lines: string[] = [];
    const write = (_fields: object, text: string) => lines.push(text);
    const outage = createOutageLog(
      { warn: write, info: (text: string) => lines.push(text) } as unknown as Logger,
      {
        failed: 'away',
        recovered: 'back',
      },
    );
    outage.recovered();
    for (let count = 0; count < 100; count += 1) outage.failed(new Error('ECONNREFUSED'));
    outage.recovered();
    outage.recovered();
    expect(lines).toEqual(['away', 'back']);
  });
});

describe('createLogger', () => {
  it('refuses a level it does not know', () => {
    expect(() => createLogger({ name: 'x', level: 'loud', format: 'json', secrets: [] })).toThrow();
  });
});
