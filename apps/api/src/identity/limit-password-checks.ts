import { ProblemError } from '../problem.ts';

/**
 * A check keeps one of the process's four threads, and 32 MB, for a twentieth of a second or more; new connections wait
 * for the same threads. So many are done within a second or two.
 */
const MAX_AT_ONCE = 16;

/**
 * Bounds how many passwords a process looks at: who guesses many, from many addresses, keeps no others waiting.
 *
 * @returns runs a check. Throws ProblemError `overloaded`, having done nothing, if too many are under way.
 */
export function limitPasswordChecks(): <Result>(check: () => Promise<Result>) => Promise<Result> {
  let underWay = 0;
  return async (check) => {
    if (underWay >= MAX_AT_ONCE) throw new ProblemError('overloaded');
    underWay += 1;
    try {
      return await check();
    } finally {
      underWay -= 1;
    }
  };
}
