import { readFileSync } from 'node:fs';
import type { App } from '../app.ts';
import { SIGN_IN_PATH } from '../authenticate.ts';
import { allowPage } from '../security-headers.ts';

const files = [
  { path: '', file: 'sign-in.html', type: 'text/html; charset=utf-8' },
  { path: '/sign-in.css', file: 'sign-in.css', type: 'text/css; charset=utf-8' },
  { path: '/sign-in.js', file: 'sign-in.js', type: 'text/javascript; charset=utf-8' },
];

/** The page where people with a browser sign in. It loads nothing from elsewhere and is shown in nobody's frame. */
export function signInPage(app: App): void {
  app.addHook('onRequest', allowPage);
  for (const { path, file, type } of files) {
    const content = readFileSync(new URL(`../pages/sign-in/${file}`, import.meta.url));
    app.get(`${SIGN_IN_PATH}${path}`, { schema: { hide: true } }, (_request, reply) =>
      reply.type(type).send(content),
    );
  }
}
