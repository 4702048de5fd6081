import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Starts a server on a port of this machine, or on any free one (port 0) if somebody else has it, also if they take it
 * while the server is starting.
 */
export async function startOnPort<Server>(
  port: number,
  start: (port: number) => Promise<Server>,
): Promise<Server> {
  if (!(await isFree(port))) return start(0);
  try {
    return await start(port);
  } catch (error) {
    if (await isFree(port)) throw error;
    return start(0);
  }
}

async function isFree(port: number): Promise<boolean> {
  const probe = createServer();
  try {
    probe.listen(port, '127.0.0.1');
    await once(probe, 'listening');
  } catch {
    return false;
  }
  probe.close();
  await once(probe, 'close');
  return true;
}
