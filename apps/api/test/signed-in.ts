import type { Role } from '@replybell/database';
import type { TestApp } from './test-app.ts';

export const password = 'correct horse battery';

/** Returns the new admin's id. They sign in with `password`. */
export async function createAdmin(api: TestApp, email: string, role: Role): Promise<number> {
  const { status, body } = await api.call('POST', '/api/admin/admins', {
    email,
    name: email,
    password,
    role,
  });
  if (status !== 201) throw new Error(`${email} was refused: ${JSON.stringify(body)}`);
  return body.id;
}

export function signIn(
  { app }: TestApp,
  email: string,
  given = password,
  headers: Record<string, string> = {},
  remoteAddress = '127.0.0.1',
) {
  const body = { email, password: given };
  return app.inject({ method: 'POST', url: '/api/session', payload: body, headers, remoteAddress });
}

/** A signed-in admin's requests, by the cookies that a browser would have by then. */
export async function sessionOf(api: TestApp, email: string, headers: Record<string, string> = {}) {
  const cookies = new Map<string, string>();
  const keep = (answer: Awaited<ReturnType<typeof signIn>>) => {
    for (const { name, value } of answer.cookies) cookies.set(name, value);
    return answer;
  };
  const answer = keep(await signIn(api, email, password, headers));
  if (answer.statusCode !== 200) throw new Error(`${email} was not signed in: ${answer.body}`);
  return async (
    method: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'PATCH',
    url: string,
    headers: Record<string, string> = {},
    body?: object,
  ) =>
    keep(
      await api.app.inject({
        method,
        url,
        cookies: Object.fromEntries(cookies),
        headers,
        ...(body && { payload: body }),
      }),
    );
}
