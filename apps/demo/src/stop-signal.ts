/** The exit code of a process that was ended by Ctrl-C: 128 + SIGINT. */
export const EXIT_INTERRUPTED = 130;

/** npm passes a terminal's Ctrl-C on, so one press may arrive twice. */
const SAME_PRESS_MS = 300;

/**
 * Aborted by the first Ctrl-C, SIGTERM or the terminal's end, or when nobody reads the output any more. The second one
 * ends this process at once: each child has a guard that ends it then, and removes what it has on disk.
 */
export function stopSignal(): AbortSignal {
  const stopping = new AbortController();
  let abortedAtMs = 0;
  const stop = () => {
    const nowMs = performance.now();
    if (!stopping.signal.aborted) abortedAtMs = nowMs;
    else if (nowMs - abortedAtMs > SAME_PRESS_MS) process.exit(EXIT_INTERRUPTED);
    stopping.abort();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);
  process.stdout.on('error', () => stopping.abort());
  return stopping.signal;
}
