import { isPortFree } from '@replybell/testing/free-port';

/**
 * Starts a server on a port of this machine, or on any free one (port 0) if somebody else has it, also if they take it
 * while the server is starting.
 */
export async function startOnPort<Server>(
  port: number,
  start: (port: number) => Promise<Server>,
): Promise<Server> {
  if (!(await isPortFree(port))) return start(0);
  try {
    return await start(port);
  } catch (error) {
    if (await isPortFree(port)) throw error;
    return start(0);
  }
}
