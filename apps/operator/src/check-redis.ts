import { connectRedis } from '@replybell/queue';
import { Cluster, type Redis } from 'ioredis';
import { errorMessage } from './error-message.ts';
import { type Examined, type Finding, ok, problem, warning } from './finding.ts';

/** Whether Redis can be reached, is recent enough, never throws keys away, and stores what it is given. */
export async function checkRedis(redisUrl: string): Promise<Examined> {
  let connectionError: Error | undefined;
  const redis = connectRedis(redisUrl, {
    maxRetriesPerRequest: 0,
    connectTimeout: 3_000,
    commandTimeout: 3_000,
    retryStrategy: () => null,
  });
  redis.on('error', (error) => {
    connectionError = error;
  });
  try {
    const infos = (await Promise.all((await mastersOf(redis)).map((node) => node.info()))).map(parseInfo);
    return { usable: true, findings: distinct(infos.flatMap(checkNode)) };
  } catch (error) {
    const reason = errorMessage(connectionError ?? error);
    const away = problem(
      `Redis: ${reason}`,
      'Check REDIS_URL and that Redis runs; replies are stored meanwhile',
    );
    return { usable: false, findings: [away] };
  } finally {
    redis.disconnect();
  }
}

/** The servers that keep the queue: each master of a cluster has settings of its own. */
async function mastersOf(redis: Redis | Cluster): Promise<Redis[]> {
  if (!(redis instanceof Cluster)) return [redis];
  // It knows its nodes once it has answered.
  await redis.ping();
  return redis.nodes('master');
}

const checkNode = (info: Info): Finding[] => [
  checkVersion(info),
  checkEviction(info),
  checkPersistence(info),
];

/** What is said of several servers is said once. */
const distinct = (findings: Finding[]): Finding[] => [
  ...new Map(findings.map((finding) => [finding.text, finding])).values(),
];

type Info = Record<string, string>;

/** Reads the lines `name:value` of Redis' INFO. */
export function parseInfo(text: string): Info {
  const lines = text.split('\r\n').filter((line) => line.includes(':') && !line.startsWith('#'));
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]),
  );
}

export function checkVersion(info: Info): Finding {
  const valkey = info['valkey_version'];
  const [name, version, oldest] =
    valkey === undefined ? ['Redis', info['redis_version'] ?? '0', 7] : (['Valkey', valkey, 8] as const);
  if (Number.parseInt(version, 10) >= oldest) return ok(`${name} ${version}`);
  return problem(`${name} ${version} is older than ${oldest}`, 'Upgrade the server');
}

export function checkEviction(info: Info): Finding {
  const policy = info['maxmemory_policy'];
  if (policy === 'noeviction') return ok('maxmemory-policy is noeviction');
  return problem(
    `maxmemory-policy is ${policy}: a full Redis would throw parts of the queue away`,
    'Set maxmemory-policy noeviction in redis.conf',
  );
}

export function checkPersistence(info: Info): Finding {
  if (info['aof_enabled'] === '1') return ok('Redis writes an append-only file');
  return warning(
    'Redis writes no append-only file: after its restart the workers rebuild the queue from Postgres',
    'Set appendonly yes in redis.conf to keep delays and the list of failed jobs',
  );
}
