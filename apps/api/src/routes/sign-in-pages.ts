import { readFileSync } from 'node:fs';
import type { App, GuardedParts } from '../app.ts';
import { allowPage, forbidStoring } from '../edges/security-headers.ts';
import { SIGN_IN_PATH } from '../identity/authenticate.ts';

const html = 'text/html; charset=utf-8';
const loadedFiles = [
  { file: 'sign-in.css', type: 'text/css; charset=utf-8' },
  ...['sign-in.js', 'signed-in.js', 'password.js', 'sessions.js', 'call-api.js', 'texts.js'].map((file) => ({
    file,
    type: 'text/javascript; charset=utf-8',
  })),
];

const read = (file: string) => readFileSync(new URL(`../pages/sign-in/${file}`, import.meta.url));

/** A page, with the head that all of them share. */
const readPage = (file: string) =>
  String(read(file)).replace('<!-- head.html -->', String(read('head.html')));

/**
 * The page where people with a browser sign in; who has done so finds there what there is, and signs out. It loads
 * nothing from elsewhere and is shown in nobody's frame.
 */
export function signInPages(app: App, { identity }: GuardedParts): void {
  app.addHook('onRequest', allowPage);
  const schema = { hide: true };
  const [signInPage, signedInPage] = [readPage('sign-in.html'), readPage('signed-in.html')];

  app.get('/', { schema }, (_request, reply) => reply.redirect(SIGN_IN_PATH));

  app.get(SIGN_IN_PATH, { schema, onRequest: forbidStoring }, async (request, reply) => {
    const session = await identity.sessions.find(request.headers);
    if (session && session.cookies.length > 0) reply.header('set-cookie', session.cookies);
    return reply.type(html).send(session ? signedInPage : signInPage);
  });

  for (const { file, type } of loadedFiles) {
    const content = read(file);
    app.get(`${SIGN_IN_PATH}/${file}`, { schema }, (_request, reply) => reply.type(type).send(content));
  }
}
