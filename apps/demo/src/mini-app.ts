import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** The button of the demo's messages opens this page: it stands where your Mini App would be. */
const page = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Your Mini App</title>
<style>
  :root { color-scheme: light dark; }
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 26rem; margin: 15vh auto 0; padding: 0 1.5rem; }
  h1 { font-size: 1.4rem; }
  code { overflow-wrap: anywhere; }
</style>
<h1>Ticket <span id="ticket"></span></h1>
<p>Your Mini App opens here, inside Telegram. It was started with</p>
<p><code id="parameter"></code></p>
<p>and shows the ticket of that number.</p>
<script>
  const parameter = new URLSearchParams(location.search).get('startapp') ?? '';
  document.getElementById('parameter').textContent = 'startapp=' + parameter;
  document.getElementById('ticket').textContent = '#' + (parameter.match(/^support_ticket_(\\d+)$/)?.[1] ?? '?');
</script>
</html>
`;

/** Serves the page on a free port. */
export async function startMiniApp(): Promise<{ url: string; server: Server }> {
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' });
    response.end(page);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, server };
}
