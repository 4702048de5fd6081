import { randomBytes } from 'node:crypto';
import { type StartedServer, startApi, useTestDatabase } from '@replybell/testing';
import { type Browser, hasBrowser, startBrowser, type WatchedPage } from '@replybell/testing/browser';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const database = await useTestDatabase();
const apiKey = randomBytes(24).toString('hex');
const password = 'correct horse battery';
/** Bull Board asks Google for fonts; the security policy refuses that, so that nobody is told who looks at the queue. */
const refusedFonts = expect.stringContaining('https://fonts.googleapis.com/');

describe.skipIf(!hasBrowser())('the pages, in a browser', () => {
  let api: StartedServer;
  let browser: Browser;
  const started = new AsyncDisposableStack();

  beforeAll(async () => {
    api = await startApi({ DATABASE_URL: database.url, ADMIN_API_KEY: apiKey });
    started.defer(async () => void (await api.stop()));
    browser = started.use(await startBrowser());
  });
  afterAll(() => started.disposeAsync());

  let admins = 0;
  async function createAdmin(): Promise<{ email: string; name: string }> {
    admins += 1;
    const admin = { email: `admin-${admins}@example.com`, name: `Admin ${admins}` };
    const response = await fetch(`${api.url}/api/admin/admins`, {
      method: 'POST',
      headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ ...admin, password, role: 'owner' }),
    });
    expect(response.status).toBe(201);
    return admin;
  }

  async function fillIn(page: WatchedPage, email: string, given = password): Promise<void> {
    await page.getByLabel('Email').fill(email);
    await page.getByLabel('Password').fill(given);
    await page.getByRole('button', { name: 'Sign in' }).click();
  }

  /** A page of a browser in which the admin has signed in. */
  async function signIn({ email, name }: { email: string; name: string }): Promise<WatchedPage> {
    const page = await browser.openPage();
    await page.goto(`${api.url}/`);
    await fillIn(page, email);
    await page.getByText(name).waitFor();
    return page;
  }

  it('lead whoever signs in to what they asked for, and say what was wrong before', async () => {
    const { email } = await createAdmin();
    const page = await browser.openPage();
    await page.goto(`${api.url}/admin/queues`);
    await fillIn(page, email, 'a wrong password');
    await page.getByText('The email or the password is wrong.').waitFor();
    await fillIn(page, email);
    await page.waitForURL(`${api.url}/admin/queues`);
    await page.getByText('notifications').first().waitFor();
    expect(page.problems).toEqual([refusedFonts]);
  });

  it('lead to the API’s description', async () => {
    const page = await signIn(await createAdmin());
    await page.getByRole('link', { name: "The API's description" }).click();
    await page.getByText('/api/admin/tickets/{id}/replies').first().waitFor();
    expect(page.problems).toEqual([]);
  });

  it('change the password, and sign out everywhere else', async () => {
    const admin = await createAdmin();
    const [here, elsewhere] = [await signIn(admin), await signIn(admin)];
    await here.getByText('Change password').first().click();
    const change = async (current: string, changed: string) => {
      await here.getByLabel('Current password').fill(current);
      await here.getByLabel('New password').fill(changed);
      await here.getByRole('button', { name: 'Change password' }).click();
    };
    await change('a wrong password', 'another horse battery');
    await here.getByText('The current password is wrong.').waitFor();
    await change(password, 'another horse battery');
    await here.getByText('Changed. You are signed out everywhere else.').waitFor();
    await elsewhere.reload();
    await elsewhere.getByRole('button', { name: 'Sign in' }).waitFor();
    expect([here.problems, elsewhere.problems]).toEqual([[], []]);
  });

  it('list where an admin is signed in, and end one session or all others', async () => {
    const admin = await createAdmin();
    const [here, second, third] = [await signIn(admin), await signIn(admin), await signIn(admin)];
    await here.getByText('Where you are signed in').click();
    const sessions = here.getByRole('listitem');
    await expect.poll(() => sessions.count()).toBe(3);
    await expect.poll(() => sessions.filter({ hasText: 'this browser' }).count()).toBe(1);
    await sessions.getByRole('button', { name: 'Sign out' }).first().click();
    await expect.poll(() => sessions.count()).toBe(2);
    await here.getByRole('button', { name: 'Sign out everywhere else' }).click();
    await expect.poll(() => sessions.count()).toBe(1);
    for (const page of [second, third]) {
      await page.reload();
      await page.getByRole('button', { name: 'Sign in' }).waitFor();
    }
    expect(here.problems).toEqual([]);
  });

  it('show the form again after signing out, and to who was signed out elsewhere', async () => {
    const admin = await createAdmin();
    const [page, elsewhere] = [await signIn(admin), await signIn(admin)];
    await elsewhere.getByText('Where you are signed in').click();
    await elsewhere.getByRole('button', { name: 'Sign out everywhere else' }).click();
    await expect.poll(() => elsewhere.getByRole('listitem').count()).toBe(1);
    await page.getByText('Where you are signed in').click();
    await page.getByRole('button', { name: 'Sign in' }).waitFor();

    await elsewhere.locator('main > button').click();
    await elsewhere.getByRole('button', { name: 'Sign in' }).waitFor();
    expect([page.problems, elsewhere.problems]).toEqual([[], []]);
  });

  it('take an API key in place of a password', async () => {
    const page = await browser.openPage({ httpCredentials: { username: 'key', password: apiKey } });
    await page.goto(`${api.url}/admin/sign-in`);
    await page.getByRole('link', { name: 'Use an API key' }).click();
    await page.getByText('notifications').first().waitFor();
    expect(page.problems).toEqual([refusedFonts]);
  });

  it('speak the browser’s language, Russian or English', async () => {
    const page = await browser.openPage({ locale: 'ru-RU' });
    await page.goto(`${api.url}/admin/sign-in`);
    await page.getByRole('button', { name: 'Войти' }).waitFor();
    expect(await page.locator('html').getAttribute('lang')).toBe('ru');
    expect(page.problems).toEqual([]);
  });

  it.each([
    { width: 320, colorScheme: 'light' as const },
    { width: 320, colorScheme: 'dark' as const },
    { width: 1_280, colorScheme: 'dark' as const },
  ])('fit a screen of $width pixels, $colorScheme, and have no barriers', async ({ width, colorScheme }) => {
    const { email, name } = await createAdmin();
    const page = await browser.openPage({ viewport: { width, height: 640 }, colorScheme });
    const isTooWide = () => page.evaluate('document.documentElement.scrollWidth > innerWidth');
    await page.goto(`${api.url}/admin/sign-in`);
    expect(await isTooWide()).toBe(false);
    expect(await page.barriers()).toEqual([]);
    await fillIn(page, email);
    await page.getByText(name).waitFor();
    for (const summary of await page.locator('summary').all()) await summary.click();
    await page.getByRole('listitem').first().waitFor();
    expect(await isTooWide()).toBe(false);
    expect(await page.barriers()).toEqual([]);
    expect(page.problems).toEqual([]);
  });
});
