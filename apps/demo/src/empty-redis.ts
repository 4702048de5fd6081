import { openQueue } from '@replybell/queue';

/**
 * Makes sure that the demo has the Redis queue for itself, and empties it when the demo ends.
 *
 * @throws if the queue holds jobs: they may belong to an installation that is in use.
 */
export async function useEmptyRedis(
  target: { databaseUrl: string; redisUrl: string },
  stack: AsyncDisposableStack,
): Promise<void> {
  let connectionError: Error | undefined;
  const queue = openQueue(target, {
    attempts: 1,
    onError: (error) => {
      connectionError ??= error;
    },
  });
  stack.defer(() => queue.close());
  const counts = await queue
    .waitUntilReady()
    .then(() => queue.getJobCounts())
    .catch((error: Error) => {
      throw new Error(`The Redis of REDIS_URL does not answer: ${(connectionError ?? error).message}`);
    });
  const jobs = Object.values(counts).reduce((sum, count) => sum + count, 0);
  if (jobs > 0) {
    throw new Error(
      `The Redis of REDIS_URL already holds ${jobs} jobs of Replybell: give the demo another one, or none`,
    );
  }
  stack.defer(() => queue.obliterate({ force: true }));
}
