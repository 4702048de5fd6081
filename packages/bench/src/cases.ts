import type { Case } from './case.ts';
import { inbox } from './cases/inbox.ts';
import { pickUp } from './cases/pick-up.ts';
import { replyRoute } from './cases/reply-route.ts';
import { worker, workerOnPostgres } from './cases/worker.ts';

/** All cases, in the order in which `npm run bench` runs them. A new one is a file in `cases/` and a name here. */
export const cases: Case[] = [replyRoute, worker, workerOnPostgres, pickUp, inbox];
