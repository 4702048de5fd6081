import { EXIT_CONFIG, readEnvironment } from '@replybell/config';
import { deliverOnce } from './deliver-once.ts';
import { followDeliveries } from './follow-deliveries.ts';
import { createLogFile } from './log-file.ts';
import { type Options, readOptions, usage } from './options.ts';
import { fail, heading } from './screen.ts';
import { startServices } from './services.ts';
import { readSettings, type Settings } from './settings.ts';
import { EXIT_INTERRUPTED, stopSignal } from './stop-signal.ts';
import { whenAborted } from './when-aborted.ts';

const EXIT_USAGE = 64;

process.exit(await main());

/** @returns the exit code. */
async function main(): Promise<number> {
  let options: Options;
  try {
    options = readOptions(process.argv.slice(2));
  } catch (error) {
    fail(error);
    console.error(`\n${usage}`);
    return EXIT_USAGE;
  }
  if (options.help) {
    console.log(usage);
    return 0;
  }
  const read = readSettings(readEnvironment(process.env), process.env);
  if (!read.ok) {
    for (const problem of read.problems) fail(problem);
    return EXIT_CONFIG;
  }
  return run(options, read.settings, stopSignal());
}

async function run(options: Options, settings: Settings, signal: AbortSignal): Promise<number> {
  console.log(`\n${heading('Replybell demo')}\n`);
  const stack = new AsyncDisposableStack();
  const logFile = createLogFile(options);
  try {
    const services = await startServices(settings, { stack, signal, logFile });
    if (!options.once) {
      await followDeliveries(services, { logFile, signal });
      return 0;
    }
    await Promise.race([deliverOnce(services), whenAborted(signal)]);
    return signal.aborted ? EXIT_INTERRUPTED : 0;
  } catch (error) {
    if (signal.aborted) return options.once ? EXIT_INTERRUPTED : 0;
    fail(error);
    return 1;
  } finally {
    if (signal.aborted) console.log('\nStopping …');
    await stack.disposeAsync().catch(fail);
    if (signal.aborted) console.log('Stopped');
  }
}
