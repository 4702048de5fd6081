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

/** The passwords in an address as they stand there: of the user, and of the Sentinels. */
export function passwordsIn(address: string): string[] {
  const [first = ''] = addressesOfHosts(address);
  if (!URL.canParse(first)) return [];
  const { password, search } = new URL(first);
  const ofSentinels = /[?&]sentinelPassword=([^&]*)/.exec(search)?.[1] ?? '';
  return [password, ofSentinels].filter((found) => found !== '');
}
