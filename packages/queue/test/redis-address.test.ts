import { describe, expect, it } from 'vitest';
import { parseRedisAddress } from '../src/redis-address.ts';

describe('parseRedisAddress', () => {
  it('leaves the address of a single Redis as it is', () => {
    const url = 'rediss://user:p%40ss@redis.example.com:6380/2';
    expect(parseRedisAddress(url)).toEqual({ kind: 'single', options: { url } });
  });

  it('reads Sentinels, their master, and both passwords', () => {
    const address = 'redis+sentinel://user:p%40s,s@a,b:26380,[::1]/my%20master?db=2&sentinelPassword=x%26y';
    expect(parseRedisAddress(address)).toEqual({
      kind: 'sentinel',
      options: {
        username: 'user',
        password: 'p@s,s',
        sentinels: [
          { host: 'a', port: 26379 },
          { host: 'b', port: 26380 },
          { host: '::1', port: 26379 },
        ],
        name: 'my master',
        db: 2,
        sentinelPassword: 'x&y',
      },
    });
  });

  it('reads the nodes of a cluster, encrypted with rediss', () => {
    expect(parseRedisAddress('rediss+cluster://:100%@a:7000,b')).toEqual({
      kind: 'cluster',
      nodes: [
        { host: 'a', port: 7000 },
        { host: 'b', port: 6379 },
      ],
      options: { password: '100%', tls: {} },
    });
  });

  it('refuses what it does not know without repeating it', () => {
    for (const address of [
      'http://:canary@host',
      'redis+sentinel://:canary@host',
      'redis+ring://:canary@a,b',
    ]) {
      expect(() => parseRedisAddress(address)).toThrow(/^(?!.*canary)/);
    }
  });
});
