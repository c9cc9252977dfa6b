/**
 * Runs every contender once a round, one after the other, so that whatever else the machine does hits all alike.
 * Resolves with the contenders and their `samples`, the first one of each from the first round.
 */
export async function inRounds(contenders, run) {
  const measured = contenders.map((contender) => ({ ...contender, samples: [] }));
  const most = Math.max(...measured.map(({ rounds }) => rounds));
  for (let round = 1; round <= most; round++)
    for (const contender of measured) {
      if (contender.skip || round > contender.rounds) continue;
      process.stderr.write(`[bench]   round ${round} of ${contender.rounds}: ${contender.name}\n`);
      contender.samples.push(await run(contender));
    }
  for (const { name, skip } of measured)
    if (skip) process.stderr.write(`[bench]   ${name} left out: ${skip}\n`);
  return measured;
}

/** The middle, least and greatest of some numbers; null where there are none. */
export function spread(numbers) {
  const sorted = numbers.filter((number) => number !== null).sort((a, b) => a - b);
  if (sorted.length === 0) return null;
  const middle = sorted.length / 2;
  const median =
    sorted.length % 2 === 1 ? sorted[Math.floor(middle)] : (sorted[middle - 1] + sorted[middle]) / 2;
  return { median, min: sorted[0], max: sorted.at(-1) };
}

/** How a number of one contender's samples compares to another's: the ratios inside the rounds. */
export function ratios(samples, base, number) {
  const both = samples.slice(0, base.length);
  return spread(both.map((sample, round) => number(sample) / number(base[round])));
}
