import { createLogger } from '../src/index.ts';

/** Logs 200 numbered lines of about 1 kB, and nothing more; ends in good order at SIGTERM. */
const [, , format] = process.argv;
const logger = createLogger({
  name: 'test',
  level: 'info',
  format: format === 'pretty' ? 'pretty' : 'json',
  secrets: [],
});
for (let number = 0; number < 200; number += 1) logger.info(`number=${number} ${'x'.repeat(1_000)}`);
process.on('SIGTERM', () => process.exit());
setInterval(() => {}, 1_000);
