export { type Answers, createAnswers } from './answers.ts';
export { type Handled, handleUpdate, type UpdateContext } from './handle-update.ts';
export { type PacedOptions, type PacedResult, sendPaced } from './send-paced.ts';
