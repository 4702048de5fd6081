import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { devNull, tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { hostAndPort, parseConfig, readEnvironment, secretsOf } from '../src/index.ts';

const valid = { DATABASE_URL: 'postgres://user:secret@127.0.0.1/replybell' };

describe('parseConfig', () => {
  it('fills in the defaults', () => {
    expect(parseConfig(valid)).toMatchObject({
      ok: true,
      config: { API_HOST: '127.0.0.1', API_PORT: 3000, WORKER_CONCURRENCY: 50, WEBAPP_BUTTON: 'web_app' },
    });
  });

  it('reports every problem at once, with what would be right', () => {
    const result = parseConfig({ WORKER_CONCURRENCY: '0', WEBAPP_BUTTON: 'link', API_PORT: 'x' }, [
      'BOT_TOKEN',
    ]);
    expect(result).toEqual({
      ok: false,
      missing: ['DATABASE_URL', 'BOT_TOKEN'],
      problems: [
        'DATABASE_URL is not set: it must be an address that begins with postgres://',
        'BOT_TOKEN is not set: it must be a token from BotFather, digits:letters',
        'WEBAPP_BUTTON must be one of web_app, url, direct_link, not "link"',
        'WORKER_CONCURRENCY must be a whole number from 1 to 1000, not "0"',
        'API_PORT must be a whole number from 0 to 65535, not "x"',
      ],
    });
  });

  it('never repeats the value of a secret', () => {
    const result = parseConfig({ ...valid, BOT_TOKEN: 'canary-token', ADMIN_API_KEY: 'canary-key' });
    expect(result.ok).toBe(false);
    expect(JSON.stringify(result)).not.toContain('canary');
  });

  it.each([
    ['TRUST_PROXY', 'loopback, 10.0.0.0/8,2001:db8::/32, 192.0.2.1', true],
    ['TRUST_PROXY', '999.0.0.1', false],
    ['TRUST_PROXY', '10.0.0.0/33', false],
    ['TRUST_PROXY', 'true', false],
    ['CORS_ORIGINS', 'https://panel.example.com, http://127.0.0.1:5173', true],
    ['CORS_ORIGINS', '*', false],
    ['CORS_ORIGINS', 'https://panel.example.com/path', false],
  ])('%s=%s is accepted: %s', (name, value, ok) => {
    expect(parseConfig({ ...valid, [name]: value }).ok).toBe(ok);
  });

  it('takes an empty variable for one that is not set', () => {
    expect(parseConfig({ ...valid, REDIS_URL: '', API_PORT: ' ' })).toMatchObject({
      ok: true,
      config: { API_PORT: 3000 },
    });
  });

  it('refuses what only looks like an address', () => {
    const result = parseConfig({
      DATABASE_URL: 'postgres://127.0.0.1:99999/x',
      REDIS_URL: 'redis://h:999999',
      TELEGRAM_API_ROOT: 'http://a b',
      WEBAPP_URL: 'https://a b',
    });
    expect(result.ok || result.problems).toHaveLength(4);
  });

  it('takes the addresses of Sentinels and of a cluster, and looks at each of their hosts', () => {
    const problems = (REDIS_URL: string) => {
      const result = parseConfig({ ...valid, REDIS_URL });
      return result.ok ? 0 : result.problems.length;
    };
    for (const url of [
      'redis+sentinel://u:p@a:26379,b/mymaster?db=1',
      'rediss+cluster://a:7000,[::1]:7001',
    ]) {
      expect(problems(url)).toBe(0);
    }
    for (const url of ['redis+sentinel://a:26379,b', 'redis+cluster://a:7000,b:70000', 'redis+ring://a']) {
      expect(problems(url)).toBe(1);
    }
  });

  it('removes a trailing slash of WEBAPP_URL and says so', () => {
    expect(parseConfig({ ...valid, WEBAPP_URL: 'https://app.example.com/tickets//' })).toMatchObject({
      config: { WEBAPP_URL: 'https://app.example.com/tickets' },
      warnings: ['WEBAPP_URL ended with a slash: it was removed'],
    });
  });

  it('refuses a plain http WEBAPP_URL, except with a Bot API server of one’s own', () => {
    const http = { ...valid, WEBAPP_URL: 'http://app.example.com' };
    expect(parseConfig(http)).toMatchObject({ ok: false, problems: [expect.stringContaining('https')] });
    expect(parseConfig({ ...http, TELEGRAM_API_ROOT: 'http://127.0.0.1:8081' })).toMatchObject({ ok: true });
  });
});

describe('hostAndPort', () => {
  it.each([
    ['127.0.0.1', '127.0.0.1:3000'],
    ['localhost', 'localhost:3000'],
    ['::1', '[::1]:3000'],
    ['::', '[::]:3000'],
  ])('writes %s as addresses do', (host, written) => {
    expect(hostAndPort(host, 3000)).toBe(written);
  });
});

describe('the webhook', () => {
  const webhook = { ...valid, TELEGRAM_UPDATES: 'webhook' };

  it('needs a secret that Telegram accepts', () => {
    expect(parseConfig(webhook)).toMatchObject({ ok: false, missing: ['TELEGRAM_WEBHOOK_SECRET'] });
    for (const TELEGRAM_WEBHOOK_SECRET of ['short', 'sixteen and more, with spaces']) {
      expect(parseConfig({ ...webhook, TELEGRAM_WEBHOOK_SECRET }).ok).toBe(false);
    }
    expect(parseConfig({ ...webhook, TELEGRAM_WEBHOOK_SECRET: 'sixteen_and-more0' }).ok).toBe(true);
  });
});

it('tells problems of one variable, of several together, and missing ones at once', () => {
  const problems = (variables: Record<string, string>) => {
    const loaded = parseConfig({ ...valid, ...variables });
    return loaded.ok ? [] : loaded.problems.map((problem) => problem.split(' ')[0]);
  };
  const variables = { TELEGRAM_UPDATES: 'webhook', WEBAPP_URL: 'http://app.example.com', API_PORT: 'x' };
  expect(problems(variables)).toEqual(['TELEGRAM_WEBHOOK_SECRET', 'API_PORT', 'WEBAPP_URL']);
});

describe('secretsOf', () => {
  it('tells every secret and the passwords in addresses, also as they are typed', () => {
    const environment = { BOT_TOKEN: '1:abc', API_PORT: '3000', DATABASE_URL: 'postgres://u:p%40ssword@h/d' };
    expect(secretsOf(environment).sort()).toEqual([
      '1:abc',
      'p%40ssword',
      'p@ssword',
      'postgres://u:p%40ssword@h/d',
    ]);
  });

  it('finds both passwords in an address of Sentinels', () => {
    const REDIS_URL = 'redis+sentinel://u:a,b,c,d,e@h:1,h:2/m?sentinelPassword=c%26d-e-f-g-h';
    expect(new Set(secretsOf({ REDIS_URL }))).toEqual(
      new Set(['a,b,c,d,e', 'c%26d-e-f-g-h', 'c&d-e-f-g-h', REDIS_URL]),
    );
  });

  it('takes short passwords for secret where they stand in an address, not as words', () => {
    const DATABASE_URL = 'postgres://user:user@h/d';
    expect(new Set(secretsOf({ DATABASE_URL }))).toEqual(new Set([DATABASE_URL, ':user@']));
    const REDIS_URL = 'redis+sentinel://h:1,h:2/m?sentinelPassword=1234567';
    expect(new Set(secretsOf({ REDIS_URL }))).toEqual(new Set([REDIS_URL, 'sentinelPassword=1234567']));
  });

  it('takes a malformed address as it is', () => {
    expect(secretsOf({ DATABASE_URL: 'postgres://u:%zz@h/d' })).toContain(':%zz@');
  });
});

describe('readEnvironment', () => {
  it('lets variables of the process go before the file', () => {
    const folder = mkdtempSync(join(tmpdir(), 'replybell-config-'));
    const file = join(folder, '.env');
    writeFileSync(file, 'API_PORT=1\nLOG_LEVEL=debug\n');
    const environment = readEnvironment({ ENV_FILE: file, API_PORT: '2' });
    rmSync(folder, { recursive: true });
    expect(environment).toMatchObject({ API_PORT: '2', LOG_LEVEL: 'debug' });
  });

  it('does without a file, but for one that is named', () => {
    const environment = readEnvironment({ ENV_FILE: '/nowhere/.env', DATABASE_URL: 'postgres://host/db' });
    expect(environment).toMatchObject({ DATABASE_URL: 'postgres://host/db' });
    expect(parseConfig(environment)).toMatchObject({
      problems: ['ENV_FILE must name a file that is there, not "/nowhere/.env"'],
    });
    expect(parseConfig({ ...environment, ENV_FILE: devNull })).toMatchObject({ ok: true });
  });
});
