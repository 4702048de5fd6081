import { type DestinationStream, pino } from 'pino';

/** So much is kept while standard output takes nothing, in bytes; what comes then is lost. */
const MOST_HELD_BYTES = 16 * 2 ** 20;
/** How soon what is kept is tried again, in milliseconds. */
const RETRY_MS = 1_000;

export type StandardOutput = DestinationStream & {
  /** Tries to write what is kept. */
  retry(): void;
};

/**
 * Standard output. Where it is a file on a disk that is full the process goes on: lines are kept, and written when there
 * is room.
 *
 * @param onLost told of how many lines were lost, once it has written all that it kept.
 */
export function openStandardOutput(
  onLost: (lines: number) => void,
  mostHeldBytes = MOST_HELD_BYTES,
): StandardOutput {
  const destination = pino.destination({ dest: 1, sync: true, maxLength: mostHeldBytes });
  // It tries what it keeps with each write that it takes; while it keeps its most it takes none but this.
  const retry = () => void destination.write('');
  let willRetry = false;
  // It keeps what it could not write; without a listener the process would end.
  destination.on('error', () => {
    if (willRetry) return;
    willRetry = true;
    setTimeout(() => {
      willRetry = false;
      retry();
    }, RETRY_MS).unref();
  });
  let lost = 0;
  destination.on('drop', (text: string) => {
    lost += text.split('\n').length - 1;
  });
  destination.on('drain', () => {
    if (lost > 0) onLost(lost);
    lost = 0;
  });
  return { write: (text) => destination.write(text), retry };
}
