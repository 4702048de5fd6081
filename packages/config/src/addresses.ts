import { isIPv6 } from 'node:net';

/**
 * The address of a Redis Cluster or of Sentinels names several hosts, `redis+cluster://a:1,b:2`; `URL` knows one.
 *
 * @returns an address for each host; the address itself if it has one host.
 */
export function addressesOfHosts(address: string): string[] {
  const [, before = '', hosts = '', after = ''] =
    /^([^:/?#]+:\/\/(?:[^/?#]*@)?)([^@/?#]*)(.*)$/s.exec(address) ?? [];
  return hosts === '' ? [address] : hosts.split(',').map((host) => `${before}${host}${after}`);
}

/** Host and port as they stand in an address: that of an IPv6 host has brackets (RFC 3986, 3.2.2). */
export const hostAndPort = (host: string, port: number): string =>
  isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;

/** A shorter password may be any word, or any part of a number. */
const SHORTEST_ALONE = 8;

/**
 * What gives away the passwords in an address, of the user and of the Sentinels, as they stand there and as they were
 * typed. Short ones are secret together with what is beside them in the address only: masking each `user` in
 * a log would hide what it says, and no secret.
 */
export function passwordsIn(address: string): string[] {
  const [first = ''] = addressesOfHosts(address);
  if (!URL.canParse(first)) return [];
  const { password, search } = new URL(first);
  const ofSentinels = /[?&]sentinelPassword=([^&]*)/.exec(search)?.[1] ?? '';
  return [
    ...formsOf(password).map((form) => (form.length < SHORTEST_ALONE ? `:${form}@` : form)),
    ...formsOf(ofSentinels).map((form) => (form.length < SHORTEST_ALONE ? `sentinelPassword=${form}` : form)),
  ];
}

function formsOf(password: string): string[] {
  return password === '' ? [] : [password, decoded(password)];
}

/** A password as it was typed; one with a stray percent sign is as it stands. */
function decoded(password: string): string {
  try {
    return decodeURIComponent(password);
  } catch {
    return password;
  }
}
