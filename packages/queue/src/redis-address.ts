export type Host = { host: string; port: number };

/** What an address of Redis says, in ioredis' options. */
export type RedisAddress =
  | { kind: 'single'; options: { url: string } }
  | { kind: 'sentinel'; options: SentinelOptions & Login }
  | { kind: 'cluster'; nodes: Host[]; options: Login };

type Login = { username?: string; password?: string; tls?: object };

type SentinelOptions = {
  sentinels: Host[];
  /** The master's, as the Sentinels know it. */
  name: string;
  db: number;
  sentinelUsername?: string;
  sentinelPassword?: string;
  enableTLSForSentinelMode?: boolean;
};

const REDIS_PORT = 6_379;
const SENTINEL_PORT = 26_379;

/**
 * Reads an address of Redis:
 *
 * - `redis://[user:password@]host[:6379][/database]`, which ioredis reads by itself;
 * - `redis+sentinel://[user:password@]host[:26379],host…/master[?db=1&sentinelUsername=…&sentinelPassword=…]`;
 * - `redis+cluster://[user:password@]host[:6379],host…`: some nodes of the cluster, it tells of the others.
 *
 * User and password are those of Redis itself. With `rediss` in place of `redis` all connections are encrypted.
 *
 * @throws if it has several hosts or a kind, and isn't one of these. The message doesn't repeat it: it may hold a password.
 */
export function parseRedisAddress(address: string): RedisAddress {
  const several =
    /^(rediss?)\+(sentinel|cluster):\/\/(?:([^/?#]*)@)?([^@/?#]+)\/?([^/?#]*)(?:\?([^#]*))?$/.exec(address);
  if (!several) {
    if (!/^rediss?:\/\//.test(address)) throw new Error('This is no address of a Redis');
    return { kind: 'single', options: { url: address } };
  }
  const [, scheme, kind, userAndPassword = '', hosts = '', master = '', query = ''] = several;
  const encrypted = scheme === 'rediss';
  const login: Login = { ...parseLogin(userAndPassword), ...(encrypted && { tls: {} }) };
  if (kind === 'cluster') return { kind, nodes: parseHosts(hosts, REDIS_PORT), options: login };

  if (master === '') throw new Error('The name of the master is missing behind the Sentinels');
  const parameters = new URLSearchParams(query);
  const sentinelUsername = parameters.get('sentinelUsername');
  const sentinelPassword = parameters.get('sentinelPassword');
  return {
    kind: 'sentinel',
    options: {
      ...login,
      sentinels: parseHosts(hosts, SENTINEL_PORT),
      name: decode(master),
      db: Number(parameters.get('db') ?? 0),
      ...(sentinelUsername !== null && { sentinelUsername }),
      ...(sentinelPassword !== null && { sentinelPassword }),
      ...(encrypted && { enableTLSForSentinelMode: true }),
    },
  };
}

function parseHosts(hosts: string, defaultPort: number): Host[] {
  return hosts.split(',').map((text) => {
    const { hostname, port } = new URL(`redis://${text}`);
    return { host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? defaultPort : Number(port) };
  });
}

function parseLogin(text: string): Login {
  const [username = '', ...rest] = text.split(':');
  const password = rest.join(':');
  return {
    ...(username !== '' && { username: decode(username) }),
    ...(password !== '' && { password: decode(password) }),
  };
}

/** Text with a stray percent sign is as it stands. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
