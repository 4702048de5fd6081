/** `npm run bench -- [case…] [--rounds n]`: measures Replybell against bare opponents and prints both sides. */
import { parseArgs } from 'node:util';
import type { Case } from './case.ts';
import { cases } from './cases.ts';
import { describeMachine } from './machine.ts';
import type { Measurement } from './measurement.ts';
import { formatTable } from './table.ts';

const DEFAULT_ROUNDS = 5;
const EXIT_USAGE = 2;
const EXIT_INTERRUPTED = 130;

const usage = `npm run bench -- [case…] [--rounds n]

Measures Replybell's real processes against bare opponents in one run, in turns, and prints the medians.
Without a case all of them run.

${cases.map(({ name, title }) => `  ${name.padEnd(18)} ${title}`).join('\n')}

  --rounds n         rounds of each side (${DEFAULT_ROUNDS})`;

const request = readArguments();
if (typeof request === 'string') {
  console.error(`${request}\n\n${usage}`);
  process.exit(EXIT_USAGE);
}
// An exit, unlike a signal's own end, lets each case remove its folder; its processes end with this one.
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => process.exit(EXIT_INTERRUPTED));
if (request.help) console.log(usage);
else await run(request.chosen, request.rounds);

async function run(chosen: Case[], rounds: number): Promise<void> {
  console.log(`${await describeMachine()}\nMedians of ${rounds} rounds, both sides in turns.\n`);
  const startedAtMs = performance.now();
  const progress = (line: string) => {
    const seconds = ((performance.now() - startedAtMs) / 1_000).toFixed(0);
    console.error(`${seconds.padStart(4)} s  ${line}`);
  };
  const measurements: Measurement[] = [];
  for (const { name, title, run } of chosen) {
    progress(`${name}: ${title}`);
    try {
      measurements.push(...(await run({ rounds, progress: (line) => progress(`${name}: ${line}`) })));
    } catch (error) {
      console.error(error);
      process.exitCode = 1;
      progress(`${name}: gave no figures`);
    }
  }
  console.log(formatTable(measurements));
}

/** What was asked for, or a sentence saying what is wrong with it. */
function readArguments(): { help: boolean; chosen: Case[]; rounds: number } | string {
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  const rounds = Number(parsed.values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) return '--rounds must be a whole number, at least 1';
  const unknown = parsed.positionals.find((name) => !cases.some((candidate) => candidate.name === name));
  if (unknown !== undefined) return `There is no case "${unknown}"`;
  const chosen =
    parsed.positionals.length === 0 ? cases : cases.filter(({ name }) => parsed.positionals.includes(name));
  return { help: parsed.values.help, chosen, rounds };
}

function parse() {
  return parseArgs({
    allowPositionals: true,
    options: {
      help: { type: 'boolean', short: 'h', default: false },
      rounds: { type: 'string', default: String(DEFAULT_ROUNDS) },
    },
  });
}
