import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Finds a TCP port of 127.0.0.1 that nobody listens on. Ports come from below 32768, where Linux' ephemeral ports begin:
 * a server that was killed gets its port back later, and no outgoing connection can have taken it meanwhile. Two callers
 * may still be given the same port, so a server that can't listen must be started again with another.
 */
export async function findFreePort(): Promise<number> {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 22_000);
    if (await isPortFree(port)) return port;
  }
}

/** Whether nobody listens on the port of 127.0.0.1 now. */
export async function isPortFree(port: number): Promise<boolean> {
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
