import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createInitDataCheck } from '../src/index.ts';

/** Signed by Telegram; published with their tokens in the documentation at docs.telegram-mini-apps.com/platform/init-data. */
const published = [
  {
    name: 'of 2022',
    token: '5768337691:AAH5YkoiEuPk8-FZa32hStHTqXiLPtAEhx8',
    raw:
      'query_id=AAHdF6IQAAAAAN0XohDhrOrc&user=%7B%22id%22%3A279058397%2C%22first_name%22%3A%22Vladislav%22%2C' +
      '%22last_name%22%3A%22Kibenko%22%2C%22username%22%3A%22vdkfrost%22%2C%22language_code%22%3A%22ru%22%2C' +
      '%22is_premium%22%3Atrue%7D&auth_date=1662771648' +
      '&hash=c501b71e775f74ce10e377dea85a7ea24ecd640b223ea86dfe453e0eaed2e2b2',
    authDateMs: 1_662_771_648_000,
    firstName: 'Vladislav',
  },
  {
    name: 'of 2024, with a signature for third parties',
    token: '7342037359:AAHI25ES9xCOMPokpYoz-p8XVrZUdygo2J4',
    raw:
      'user=%7B%22id%22%3A279058397%2C%22first_name%22%3A%22Vladislav%20%2B%20-%20%3F%20%5C%2F%22%2C%22last_name%22' +
      '%3A%22Kibenko%22%2C%22username%22%3A%22vdkfrost%22%2C%22language_code%22%3A%22ru%22%2C%22is_premium%22%3Atrue' +
      '%2C%22allows_write_to_pm%22%3Atrue%2C%22photo_url%22%3A%22https%3A%5C%2F%5C%2Ft.me%5C%2Fi%5C%2Fuserpic%5C%2F320' +
      '%5C%2F4FPEE4tmP3ATHa57u6MqTDih13LTOiMoKoLDRG4PnSA.svg%22%7D&chat_instance=8134722200314281151' +
      '&chat_type=private&auth_date=1733509682&signature=TYJxVcisqbWjtodPepiJ6ghziUL94-KNpG8Pau-X7oNNLNBM72APCpi_' +
      'RKiUlBvcqo5L-LAxIc3dnTzcZX_PDg&hash=a433d8f9847bd6addcc563bff7cc82c89e97ea0d90c11fe5729cae6796a36d73',
    authDateMs: 1_733_509_682_000,
    firstName: 'Vladislav + - ? /',
  },
] as const;

const DAY_MS = 86_400_000;
const token = '1:token';
const NOW_MS = 1_800_000_000_000;
const check = createInitDataCheck(token, { ttlMs: DAY_MS });
const user = JSON.stringify({ id: 5, first_name: 'Anna' });
const fresh = { auth_date: String(NOW_MS / 1_000), user };

/** Signs as Telegram does, but whatever it is given. */
function sign(fields: Record<string, string>, botToken = token): string {
  const lines = Object.entries(fields).map(([name, value]) => `${name}=${value}`);
  const key = createHmac('sha256', 'WebAppData').update(botToken).digest();
  const hash = createHmac('sha256', key).update(lines.sort().join('\n')).digest('hex');
  return new URLSearchParams({ ...fields, hash }).toString();
}

describe.each(published)('initData $name', ({ token: botToken, raw, authDateMs, firstName }) => {
  const verify = createInitDataCheck(botToken, { ttlMs: DAY_MS });

  it('is valid with the token that it was published with', () => {
    expect(verify(raw, authDateMs + 1_000)).toEqual({
      kind: 'valid',
      initData: {
        user: { telegramId: 279_058_397, firstName, username: 'vdkfrost', languageCode: 'ru' },
        authDate: new Date(authDateMs),
        startParam: null,
      },
    });
  });

  it('is invalid with any other token', () => {
    for (const other of published.filter((each) => each.token !== botToken)) {
      expect(createInitDataCheck(other.token, { ttlMs: DAY_MS })(raw, authDateMs)).toEqual({
        kind: 'invalid',
      });
    }
  });

  it('is expired a day later, and not a millisecond before', () => {
    expect(verify(raw, authDateMs + DAY_MS).kind).toBe('valid');
    expect(verify(raw, authDateMs + DAY_MS + 1)).toEqual({ kind: 'expired' });
  });

  it('is invalid with any bit flipped, unless it still says the same', () => {
    const signed = Object.fromEntries(new URLSearchParams(raw));
    for (let index = 0; index < raw.length; index += 1) {
      for (let bit = 0; bit < 7; bit += 1) {
        const flipped = String.fromCharCode(raw.charCodeAt(index) ^ (1 << bit));
        const changed = raw.slice(0, index) + flipped + raw.slice(index + 1);
        // `%2c` is `%2C`, and `+` a space: written otherwise, the same text.
        const same =
          JSON.stringify(Object.fromEntries(new URLSearchParams(changed))) === JSON.stringify(signed);
        expect(verify(changed, authDateMs).kind, changed).toBe(same ? 'valid' : 'invalid');
      }
    }
  });
});

describe('initData', () => {
  it('tells who opened the Mini App, and with which parameter', () => {
    const raw = sign({ ...fresh, start_param: 'support_ticket_7' });
    expect(check(raw, NOW_MS)).toMatchObject({
      kind: 'valid',
      initData: {
        user: { telegramId: 5, firstName: 'Anna', username: null, languageCode: null },
        startParam: 'support_ticket_7',
      },
    });
  });

  it('may come from a clock that is a little ahead, and from no later one', () => {
    const at = (ms: number) =>
      check(sign({ ...fresh, auth_date: String((NOW_MS + ms) / 1_000) }), NOW_MS).kind;
    expect(at(60_000)).toBe('valid');
    expect(at(61_000)).toBe('invalid');
  });

  it.each([
    ['no date', { user }],
    ['a date that is no number', { ...fresh, auth_date: `${fresh.auth_date}x` }],
    ['no user', { auth_date: fresh.auth_date }],
    ['a user that is no JSON', { ...fresh, user: '{' }],
    ['a user that is no object', { ...fresh, user: 'null' }],
    ['a user without id', { ...fresh, user: '{"first_name":"Anna"}' }],
    ['an id as text', { ...fresh, user: '{"id":"5"}' }],
    ['a negative id', { ...fresh, user: '{"id":-5}' }],
    ['an id beyond 52 bits', { ...fresh, user: '{"id":4503599627370496}' }],
    ['a name that Telegram does not use', { ...fresh, 'user=': 'x' }],
    ['a line feed in a value', { ...fresh, chat_type: 'a\nstart_param=b' }],
  ])('is invalid with %s, though it is signed', (_what, fields) => {
    expect(check(sign(fields), NOW_MS)).toEqual({ kind: 'invalid' });
  });

  it('is invalid if a name comes twice, whichever of them was signed', () => {
    const other = encodeURIComponent('{"id":6}');
    const raw = sign(fresh);
    expect(check(`${raw}&user=${other}`, NOW_MS)).toEqual({ kind: 'invalid' });
    expect(check(`user=${other}&${raw}`, NOW_MS)).toEqual({ kind: 'invalid' });
    expect(check(`${raw}&hash=${'0'.repeat(64)}`, NOW_MS)).toEqual({ kind: 'invalid' });
  });

  it('is invalid without a hash, with a part of one, and with one that is no hexadecimal number', () => {
    const raw = sign(fresh);
    for (const broken of [
      raw.replace(/&hash=.*/, ''),
      raw.slice(0, -1),
      raw.replace(/hash=../, 'hash=zz'),
      `${raw}00`,
    ]) {
      expect(check(broken, NOW_MS)).toEqual({ kind: 'invalid' });
    }
  });

  it('is invalid, and nothing worse, whatever is sent in its place', () => {
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.webQueryParameters(),
      fc.constantFrom('', '&', '=', '%', 'hash=%'),
    );
    fc.assert(
      fc.property(texts, (raw) => {
        expect(check(raw, NOW_MS)).toEqual({ kind: 'invalid' });
      }),
    );
  });

  it('that Telegram signs is read back, whatever the names of people hold', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 2 ** 52 - 1 }), (name, id) => {
        const raw = sign({ ...fresh, user: JSON.stringify({ id, first_name: name, username: name }) });
        expect(check(raw, NOW_MS)).toMatchObject({
          kind: 'valid',
          initData: { user: { telegramId: id, firstName: name, username: name } },
        });
      }),
    );
  });
});
