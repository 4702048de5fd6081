import { readEnvironment } from './environment.ts';
import { createSimulator } from './simulator.ts';

const simulator = await createSimulator(readEnvironment(process.env));

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    simulator.close().then(
      () => process.exit(0),
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  });
}

console.log(`Bot API simulator listening on ${simulator.url}`);
