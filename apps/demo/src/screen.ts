import { styleText } from 'node:util';

/** Names a step, does it, and tells how long it took. */
export async function step<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
  const fromMs = performance.now();
  process.stdout.write(`  ${name.padEnd(34)}`);
  try {
    const result = await work();
    console.log(`${styleText('green', '✓')} ${formatDuration(performance.now() - fromMs)}`);
    return result;
  } catch (error) {
    console.log(styleText('red', '✗'));
    throw error;
  }
}

/** `812 ms`, `1.4 s`. */
export function formatDuration(ms: number): string {
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;
}

export function heading(text: string): string {
  return styleText('bold', text);
}

export function faint(text: string): string {
  return styleText('dim', text);
}

/** Writes why the demo can't go on. */
export function fail(error: unknown): void {
  const reason = error instanceof Error ? error.message : String(error);
  console.error(`\n${styleText('red', reason, { stream: process.stderr })}`);
}

/** A message as a chat shows it: a frame with the text, and the button below. */
export function frame(text: string, button: string): string {
  const lines = [...text.split('\n'), '', `[ ${button} ]`];
  return lines.map((line) => `  │ ${line}`.trimEnd()).join('\n');
}
