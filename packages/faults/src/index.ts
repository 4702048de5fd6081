export { conclude, note } from './conclude.ts';
export { type Hold, hold } from './hold.ts';
export { judge, untilSettled } from './judge.ts';
export { openScene, type Queue, type Scene } from './scene.ts';
export { type OpenTicket, openTicket, openTickets } from './tickets.ts';
export { until } from './until.ts';
export { type Load, quantileMs, replyMany, startLoad } from './load.ts';
export { freezeTree, startPostgres, startRedis } from './servers.ts';
