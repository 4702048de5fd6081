export { createLogger, type Logger } from './create-logger.ts';
export { logWritten } from './log-written.ts';
export { createOutageLog, type OutageLog, reasonOf } from './outage-log.ts';
export { texts } from './texts.ts';
