/** Started by started-process.test.ts, which kills it: prints the ids of what it started, then waits for ever. */
import { startEmbeddedPostgres } from '../src/embedded-postgres.ts';
import { startProcess } from '../src/started-process.ts';

const [postgres, child] = await Promise.all([
  startEmbeddedPostgres(),
  startProcess({ name: 'Child', command: process.execPath, args: ['-e', 'setInterval(() => {}, 1000)'] }),
]);
console.log(JSON.stringify([postgres.pid, child.pid]));
