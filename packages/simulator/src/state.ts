import type { ChangeSignal } from './change-signal.ts';
import type { Chats } from './chats.ts';
import type { Latency, Stats } from './contract.ts';
import type { Faults } from './faults.ts';
import type { Ledger } from './ledger.ts';
import type { MessageLimits } from './limits.ts';
import type { Random } from './random.ts';
import type { UpdateQueue } from './updates.ts';
import type { Webhook } from './webhook.ts';

/** The parts of one simulator, handed to every handler. */
export type SimulatorState = {
  readonly token: string;
  readonly bot: { id: number; is_bot: true; first_name: string; username: string };
  readonly allowHttpWebApps: boolean;
  readonly ledger: Ledger;
  readonly chats: Chats;
  readonly updates: UpdateQueue;
  readonly webhook: Webhook;
  readonly limits: MessageLimits;
  readonly faults: Faults;
  readonly changes: ChangeSignal;
  readonly random: Random;
  latency: Latency;
  /** Ends the getUpdates that waits, if one does. */
  endPoll: (() => void) | null;
  requests: Record<string, number>;
  nextMessageId: number;
};

export function readStats(state: SimulatorState): Stats {
  return {
    accepted: state.ledger.size,
    refused429: state.limits.refused429,
    retryAfterViolations: state.limits.violations,
    requests: state.requests,
    faultHits: state.faults.hits(),
    pendingUpdates: state.updates.pending,
  };
}
