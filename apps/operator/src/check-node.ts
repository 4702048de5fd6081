import { type Finding, ok, problem } from './finding.ts';

/** The first version whose type stripping runs these files without a flag and without a warning. */
const OLDEST_MAJOR = 24;

/** @param version as `process.versions.node`. */
export function checkNode(version: string): Finding {
  if (Number.parseInt(version, 10) >= OLDEST_MAJOR) return ok(`Node ${version}`);
  return problem(
    `Node ${version} is older than ${OLDEST_MAJOR}`,
    'Start programs by npm run or npx: npm ci has put the right Node into node_modules/.bin',
  );
}
