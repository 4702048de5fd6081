import { expect, test } from 'vitest';
import { isLocal } from '../src/edges/network-of.ts';

test.each([
  '127.0.0.1',
  '10.1.2.3',
  '172.31.0.1',
  '192.168.0.9',
  '::1',
  '::ffff:10.0.0.7',
  'fd12::1',
  'fe80::1%eth0',
])('%s is local', (address) => expect(isLocal(address)).toBe(true));

test.each(['128.0.0.1', '172.32.0.1', '203.0.113.7', '2001:db8::1', '::ffff:203.0.113.7', 'unknown', ''])(
  '%j is not',
  (address) => expect(isLocal(address)).toBe(false),
);
