import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');

/** The workspace packages that an app or package needs in production, and those that they need. */
function workspacesOf(path: string, found = new Set<string>()): Set<string> {
  found.add(path);
  const { dependencies = {} }: { dependencies?: Record<string, string> } = JSON.parse(
    read(`${path}/package.json`),
  );
  for (const name of Object.keys(dependencies)) {
    const [, own] = name.match(/^@replybell\/(.+)$/) ?? [];
    if (own !== undefined && !found.has(`packages/${own}`)) workspacesOf(`packages/${own}`, found);
  }
  return found;
}

test('the image holds every workspace that its apps depend on, and no other', () => {
  const needed = ['apps/api', 'apps/operator', 'apps/worker'].reduce(
    (found, app) => workspacesOf(app, found),
    new Set<string>(),
  );
  const matches = (text: string, pattern: RegExp) =>
    [...text.matchAll(pattern)].map(([, path]) => path).sort();
  const expected = [...needed].sort();

  expect(matches(read('.dockerignore'), /^!((?:apps|packages)\/\S+)$/gm)).toEqual(expected);
  expect(matches(read('Dockerfile'), /^COPY (\S+)\/package\.json /gm)).toEqual(expected);
});
