import { styleText } from 'node:util';

/** What one check found. `action` says what to do about it. */
export type Finding =
  | { level: 'ok'; text: string }
  | { level: 'warning' | 'problem'; text: string; action: string };

/** What was found of a service, and whether it is worth asking it more. */
export type Examined = { findings: Finding[]; usable: boolean };

export const ok = (text: string): Finding => ({ level: 'ok', text });
export const warning = (text: string, action: string): Finding => ({ level: 'warning', text, action });
export const problem = (text: string, action: string): Finding => ({ level: 'problem', text, action });

const signs = {
  ok: styleText('green', '✓'),
  warning: styleText('yellow', '!'),
  problem: styleText('red', '✗'),
} satisfies Record<Finding['level'], string>;

/** One finding for a terminal, its action on a line of its own. */
export function formatFinding(finding: Finding): string {
  const line = `${signs[finding.level]} ${finding.text}`;
  return finding.level === 'ok' ? line : `${line}\n  → ${finding.action}`;
}
