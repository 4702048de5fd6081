/**
 * Resolves once the log is where it belongs, for a process that is about to exit. In cluster mode pm2 writes the log file
 * in its own time, and `process.exit` would cut it off; everywhere else lines are written at the exit at the latest.
 */
export async function logWritten(): Promise<void> {
  if (!Object.hasOwn(process.stdout, 'write')) return;
  await new Promise<void>((resolve) => process.stdout.write('', () => resolve()));
}
