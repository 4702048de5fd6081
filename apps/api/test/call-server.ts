import { bearer } from './test-app.ts';

type Answer = { status: number; headers: Headers; body: ReturnType<typeof JSON.parse> };

/** Calls a route of an API that is a process of its own, with the key. */
export async function callServer(
  { url }: { url: string },
  method: 'GET' | 'POST' | 'PUT',
  path: string,
  body?: object,
): Promise<Answer> {
  const response = await fetch(url + path, {
    method,
    headers: { ...bearer, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  return { status: response.status, headers: response.headers, body: await response.json() };
}

/** Creates a user with a ticket, whose texts can be looked for where they don't belong. */
export async function openTicketAt(api: { url: string }): Promise<number> {
  const { body: user } = await callServer(api, 'POST', '/api/admin/users', { username: 'anna' });
  const ticket = { userId: user.id, subject: 'Secret subject', message: 'Secret text' };
  return (await callServer(api, 'POST', '/api/admin/tickets', ticket)).body.id;
}
