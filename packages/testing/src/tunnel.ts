import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** A way to a server that can fall silent, as a frozen server or a broken network does: nothing comes, nothing ends. */
export type Tunnel = {
  /** What it was opened for, by way of the tunnel. */
  url: string;
  fallSilent(): void;
  /** Those connections fall silent that are open; new ones work. As when a firewall has forgotten them. */
  forgetConnections(): void;
  close(): void;
};

/** @param url with a port, e.g. `postgres://127.0.0.1:5432/test`. */
export async function openTunnel(url: string): Promise<Tunnel> {
  const target = new URL(url);
  const sockets: Socket[] = [];
  let isSilent = false;
  const server = createServer((socket) => {
    const upstream = connect(Number(target.port), target.hostname);
    sockets.push(socket, upstream);
    for (const end of [socket, upstream]) end.on('error', () => {});
    if (!isSilent) socket.pipe(upstream).pipe(socket);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const forgetConnections = () => {
    for (const socket of sockets) socket.unpipe().pause();
  };
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The tunnel has no port');
  const through = new URL(url);
  through.host = `127.0.0.1:${address.port}`;
  return {
    url: through.href,
    fallSilent() {
      isSilent = true;
      forgetConnections();
    },
    forgetConnections,
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
