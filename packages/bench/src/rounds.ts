export type Sides<Value> = { ours: Value[]; bare: Value[] };

/**
 * Measures both sides in turns, ours first in even rounds and second in odd ones, so that neither always finds the
 * warmer machine.
 *
 * @param onRound hears of each finished round, counted from 1.
 * @returns the sides' values, one a round each.
 */
export async function measureInTurns<Value>(
  rounds: number,
  sides: { ours: () => Promise<Value>; bare: () => Promise<Value> },
  onRound: (round: number, ours: Value, bare: Value) => void,
): Promise<Sides<Value>> {
  const measured: Sides<Value> = { ours: [], bare: [] };
  for (let round = 0; round < rounds; round += 1) {
    const early = round % 2 === 0 ? await sides.ours() : undefined;
    const bare = await sides.bare();
    const ours = early ?? (await sides.ours());
    measured.ours.push(ours);
    measured.bare.push(bare);
    onRound(round + 1, ours, bare);
  }
  return measured;
}
