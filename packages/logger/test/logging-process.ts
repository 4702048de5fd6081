import { createLogger } from '../src/index.ts';

/** Logs a line of 1 kB each millisecond, to what the test has made of standard output. */
const logger = createLogger({ name: 'test', level: 'info', format: 'json', secrets: [] });
setInterval(() => logger.info('x'.repeat(1_000)), 1);
