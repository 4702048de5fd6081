export { type PacedOptions, type PacedResult, sendPaced } from './send-paced.ts';
