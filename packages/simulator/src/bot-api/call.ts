import type { FaultKind } from '../contract.ts';
import type { SimulatorState } from '../state.ts';
import type { Answer } from './answer.ts';
import type { Params } from './params.ts';

/** One request of the bot, read and not yet judged. */
export type Call = {
  /** In lower case: Telegram doesn't mind. */
  method: string;
  params: Params;
  receivedAtMs: number;
  /** Aborted when the bot hangs up. */
  signal: AbortSignal;
  /** The fault that hits the request while it is still carried out. */
  fault: FaultKind | null;
};

/** Carries out one Bot API method. */
export type Method = (state: SimulatorState, call: Call) => Answer | Promise<Answer>;
