export { type Answers, createAnswers } from './answers.ts';
export { type Handled, handleUpdate } from './handle-update.ts';
export { type PacedResult, sendPaced } from './send-paced.ts';
