export { createSimulatorClient, type LedgerFilter, type SimulatorClient } from './client.ts';
export type * from './contract.ts';
export { signInitData } from './init-data.ts';
export { createSimulator, DEMO_BOT_TOKEN, type Simulator, type SimulatorOptions } from './simulator.ts';
