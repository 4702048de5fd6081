import { outcomes } from '@replybell/database';
import { Counter, collectDefaultMetrics, Histogram, Registry } from 'prom-client';

/** What a worker process knows of its own work. */
export type WorkerMetrics = {
  attempts: Counter<'outcome'>;
  claimSeconds: Histogram;
  sendSeconds: Histogram;
  settleSeconds: Histogram;
  /** In Prometheus' text format. */
  render(): Promise<string>;
};

export function createWorkerMetrics(): WorkerMetrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });

  const attempts = new Counter({
    name: 'replybell_attempts_total',
    help: 'Attempts by what they came to; duplicates are never more than those that are unknown',
    labelNames: ['outcome'],
    registers,
  });
  // From the beginning, so that the first of a kind is seen as an increase.
  for (const outcome of outcomes) attempts.inc({ outcome }, 0);

  const seconds = (step: string, help: string) =>
    new Histogram({
      name: `replybell_${step}_seconds`,
      help,
      buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15],
      registers,
    });
  return {
    attempts,
    claimSeconds: seconds('claim', 'How long a claim took, with its wait for the batch before it'),
    sendSeconds: seconds('send', 'How long calls of sendMessage took'),
    settleSeconds: seconds('settle', 'How long a settle took, with its wait for the batch before it'),
    render: () => registry.metrics(),
  };
}

/** The same call, timed, whether it succeeds or fails. */
export function timed<Argument, Result>(
  histogram: Histogram,
  call: (argument: Argument) => Promise<Result>,
): (argument: Argument) => Promise<Result> {
  return async (argument) => {
    const end = histogram.startTimer();
    try {
      return await call(argument);
    } finally {
      end();
    }
  };
}
