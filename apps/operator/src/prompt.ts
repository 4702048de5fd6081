import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';

/** Asks a person; undefined if there is no terminal to ask on. */
export async function askOnTerminal(question: string, { hidden = false } = {}): Promise<string | undefined> {
  if (!process.stdin.isTTY) return undefined;
  process.stderr.write(question);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({
    input: process.stdin,
    output: hidden ? silent : process.stderr,
    terminal: true,
  });
  try {
    return await firstLine(terminal);
  } finally {
    terminal.close();
    if (hidden) process.stderr.write('\n');
  }
}

/** The first line of standard input, where it is no terminal; empty if there is none. */
export async function firstLineOfInput(): Promise<string> {
  const input = createInterface({ input: process.stdin });
  try {
    return await firstLine(input);
  } finally {
    input.close();
  }
}

function firstLine(lines: ReturnType<typeof createInterface>): Promise<string> {
  return new Promise((resolve) => {
    lines.once('line', resolve);
    lines.once('close', () => resolve(''));
  });
}
