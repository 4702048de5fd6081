import type { Case } from './case.ts';
import { drain } from './cases/drain.ts';
import { inbox } from './cases/inbox.ts';
import { million } from './cases/million.ts';
import { pace } from './cases/pace.ts';
import { pickUp } from './cases/pick-up.ts';
import { queueSize } from './cases/queue-size.ts';
import { relay } from './cases/relay.ts';
import { replyRoute } from './cases/reply-route.ts';
import { worker, workerOnPostgres, workerOnSameClient } from './cases/worker.ts';

/** All cases, in the order in which `npm run bench` runs them. A new one is a file in `cases/` and a name here. */
export const cases: Case[] = [
  replyRoute,
  worker,
  workerOnSameClient,
  workerOnPostgres,
  pickUp,
  pace,
  drain,
  relay,
  queueSize,
  million,
  inbox,
];
