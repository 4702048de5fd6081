import fc from 'fast-check';
import { expect, it } from 'vitest';
import { maskSecrets } from '../src/mask-secrets.ts';

/** What is left of a message in a line after masking. */
function masked(message: unknown, ...secrets: (string | undefined)[]): unknown {
  return JSON.parse(maskSecrets(secrets)(JSON.stringify({ message }))).message;
}

const token = '123456:AAcanary_token';

it.each([
  [
    'a token in an address',
    token,
    `https://api.telegram.org/bot${token}/x`,
    'https://api.telegram.org/bot[secret]/x',
  ],
  ['a token, URL-encoded', token, 'bot123456%3AAAcanary_token', 'bot[secret]'],
  ['a token without its number', token, '…AAcanary_token', '…[secret]'],
  ['a key with quotes', 'key "with quotes"', 'My key "with quotes".', 'My [secret].'],
  [
    'a key with quotes in JSON of others',
    'key "with quotes"',
    '{"key":"key \\"with quotes\\""}',
    '{"key":"[secret]"}',
  ],
  ['a password of digits in a text', '12345678', 'Is it 12345678?', 'Is it [secret]?'],
  ['a password of digits in a number', '12345678', 1234567890, '[secret]'],
])('masks %s', (_what, secret, message, expected) => {
  expect(masked(message, secret, undefined, '')).toBe(expected);
});

it('leaves an escape that looks like the beginning of a secret', () => {
  expect(masked('a\nothing to say', 'nothing to say')).toBe('a\nothing to say');
});

it('masks in each of several lines, and leaves what has no secret', () => {
  const mask = maskSecrets([token]);
  expect(mask(`{"a":"${token}"}\n{"a":1}\n{"b":"x${token}"}\n`)).toBe(
    '{"a":"[secret]"}\n{"a":1}\n{"b":"x[secret]"}\n',
  );
});

it('leaves JSON behind whatever the secret is, and the secret nowhere in its values', () => {
  const part = fc.string({ unit: fc.constantFrom('"', '\\', '1', '2', 'n', 'u', ',', ':', '{', '\n', 'é') });
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme' }),
      part,
      part,
      fc.integer(),
      (other, secret, around, number) => {
        const line = {
          around,
          message: `${around}${secret}${other}`,
          number,
          nested: [secret, `1${secret}2`],
        };
        const read = JSON.parse(maskSecrets([secret])(JSON.stringify(line)));
        if (secret === '') return;
        expect(
          Object.values(read)
            .flat()
            .map(String)
            .filter((value) => value.includes(secret)),
        ).toEqual([]);
      },
    ),
  );
});
