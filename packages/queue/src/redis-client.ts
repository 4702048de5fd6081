import { Cluster, Redis } from 'ioredis';
import { type Host, parseRedisAddress } from './redis-address.ts';

/** Of each connection to a node, as in ioredis. Where it leads is the address' to say. */
type NodeOptions = {
  connectTimeout: number;
  commandTimeout?: number;
  socketTimeout?: number;
  lazyConnect?: boolean;
  maxRetriesPerRequest: number | null;
  /** How long to wait before the next attempt to connect, in milliseconds; null: no further one. */
  retryStrategy: (times: number) => number | null;
};

/**
 * Connects to Redis, to the master that Sentinels name, or to a cluster.
 *
 * @param address as `parseRedisAddress` reads it.
 */
export function connectRedis(address: string, options: NodeOptions): Redis | Cluster {
  const connection = bullConnection(address, options);
  if (connection instanceof Cluster) return connection;
  return 'url' in connection ? new Redis(connection.url, connection) : new Redis(connection);
}

/**
 * What BullMQ takes as `connection`: options, with which it opens and closes connections itself; of a cluster a client,
 * which its owner closes.
 */
export function bullConnection(address: string, options: NodeOptions) {
  const parsed = parseRedisAddress(address);
  if (parsed.kind === 'cluster') return openCluster(parsed.nodes, { ...parsed.options, ...options });
  return { ...parsed.options, ...options };
}

function openCluster(nodes: Host[], options: NodeOptions & { tls?: object }): Cluster {
  const { lazyConnect = false, retryStrategy, ...redisOptions } = options;
  const cluster = new Cluster(nodes, {
    redisOptions,
    lazyConnect,
    clusterRetryStrategy: retryStrategy,
    // A certificate is for the name that the cluster announces, not for the number that it stands for.
    ...(options.tls && { dnsLookup: (name, callback) => callback(null, name) }),
  });
  return tolerateLateErrors(cluster);
}

/**
 * BullMQ takes its listeners away when it closes. A look at the cluster's nodes that is under way then fails, and without
 * a listener ioredis would write to the console. The copies that BullMQ makes behave alike.
 */
function tolerateLateErrors(cluster: Cluster): Cluster {
  cluster.on('error', () => {});
  const duplicate = cluster.duplicate.bind(cluster);
  cluster.duplicate = ((...args: Parameters<typeof duplicate>) =>
    tolerateLateErrors(duplicate(...args) as Cluster)) as typeof cluster.duplicate;
  return cluster;
}
