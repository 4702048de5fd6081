import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import { type BrowserContextOptions, chromium, type Page } from 'playwright-core';

const programs = ['chromium', 'chromium-browser', 'google-chrome'];

/** Chromium, or Chrome, of the PATH. */
const findProgram = (): string | undefined =>
  (process.env['PATH'] ?? '')
    .split(delimiter)
    .flatMap((folder) => programs.map((program) => join(folder, program)))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });

/**
 * Whether this machine has a browser; for `describe.skipIf(!hasBrowser())`.
 *
 * @throws if it has none and `REQUIRE_BROWSER=1`.
 */
export function hasBrowser(): boolean {
  const isThere = findProgram() !== undefined;
  if (!isThere && process.env['REQUIRE_BROWSER'] === '1') {
    throw new Error('REQUIRE_BROWSER=1, but there is no Chromium or Chrome on the PATH');
  }
  return isThere;
}

export type WatchedPage = Page & {
  /** What went wrong since it was opened: errors of scripts, and of the console, as breaches of the security policy are. */
  problems: string[];
  /** What keeps somebody from using it as it stands: contrasts, names, roles and more, by axe-core's rules. */
  barriers(): Promise<string[]>;
};

export type Browser = AsyncDisposable & {
  /** A page that shares nothing with others. */
  openPage(options?: BrowserContextOptions): Promise<WatchedPage>;
};

/** Starts the browser that `hasBrowser` has found, without a window. It ends with this process at the latest. */
export async function startBrowser(): Promise<Browser> {
  const executablePath = findProgram();
  if (executablePath === undefined) throw new Error('There is no Chromium or Chrome on the PATH');
  const browser = await chromium.launch({ executablePath });
  return {
    async openPage(options) {
      const context = await browser.newContext({ locale: 'en-GB', ...options });
      const page = await context.newPage();
      const problems: string[] = [];
      page.on('pageerror', (error) => problems.push(String(error)));
      page.on('console', (message) => {
        if (message.type() !== 'error') return;
        // What the API refuses is for the page to tell; what the page is made of must be there.
        const isRefusal = message.text().startsWith('Failed to load resource: the server responded with');
        if (isRefusal && new URL(message.location().url).pathname.startsWith('/api/')) return;
        problems.push(message.text());
      });
      const barriers = async () => {
        const { violations } = await new AxeBuilder({ page }).analyze();
        return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
      };
      return Object.assign(page, { problems, barriers });
    },
    [Symbol.asyncDispose]: () => browser.close(),
  };
}
