export { createLogger, type Logger, maskSecrets } from './create-logger.ts';
export { createOutageLog, type OutageLog, reasonOf } from './outage-log.ts';
export { texts } from './texts.ts';
