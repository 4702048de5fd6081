import { Api } from 'grammy';
import { onTestFinished } from 'vitest';
import {
  createSimulator,
  createSimulatorClient,
  type Simulator,
  type SimulatorClient,
  type SimulatorOptions,
} from '../src/index.ts';

export type RunningSimulator = { simulator: Simulator; client: SimulatorClient; api: Api };

/** A simulator for one test, with its client and grammY's own; ended when the test is. */
export async function startSimulator(options: SimulatorOptions = {}): Promise<RunningSimulator> {
  const simulator = await createSimulator(options);
  onTestFinished(() => simulator.close());
  const api = new Api(simulator.token, { apiRoot: simulator.url, timeoutSeconds: 2 });
  return { simulator, client: createSimulatorClient(simulator.url), api };
}
