/**
 * Runs every contender once a round, in an order drawn anew for each round, so that whatever else the machine does hits
 * all alike. One with fewer rounds than the others has them spread over all. Resolves with the contenders and their
 * `samples`, each with its round.
 */
export async function inRounds(contenders, run) {
  const measured = contenders.map((contender) => ({ ...contender, samples: [] }));
  const most = Math.max(...contenders.map(({ rounds }) => rounds));
  for (let round = 1; round <= most; round++) {
    const due = measured.filter(
      ({ rounds, samples }) => Math.floor((round * rounds) / most) > samples.length,
    );
    for (const contender of shuffled(due)) {
      process.stderr.write(`[bench]   round ${round} of ${most}: ${contender.name}\n`);
      contender.samples.push({ round, ...(await run(contender)) });
    }
  }
  return measured;
}

const shuffled = (list) =>
  list
    .map((item) => ({ item, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);

/** The middle, least and greatest of some numbers; null where there are none. */
export function spread(numbers) {
  const sorted = numbers.filter((number) => number !== null).sort((a, b) => a - b);
  if (sorted.length === 0) return null;
  const middle = sorted.length / 2;
  const median =
    sorted.length % 2 === 1 ? sorted[Math.floor(middle)] : (sorted[middle - 1] + sorted[middle]) / 2;
  return { median, min: sorted[0], max: sorted.at(-1) };
}

/** How a number of one contender's samples compares to another's: the ratios inside the rounds that both have. */
export function ratios(samples, base, number) {
  const inRound = new Map(base.map((sample) => [sample.round, number(sample)]));
  const both = samples.filter(({ round }) => inRound.has(round));
  return spread(both.map((sample) => number(sample) / inRound.get(sample.round)));
}

/**
 * The contenders of a part in numbers: rates in tasks per second, processor time per task in µs, and the ratios of the
 * rates to bare amqplib, to the limit and to the best peer, which is the fastest of the other clients.
 */
export function compare(measured) {
  const rate = (sample) => sample.rate;
  const samplesOf = (key) => measured.find((contender) => contender.key === key).samples;
  const [best] = measured
    .filter(({ isPeer }) => isPeer)
    .sort((a, b) => spread(b.samples.map(rate)).median - spread(a.samples.map(rate)).median);
  return measured.map(({ key, name, samples, count }) => ({
    ...{ key, name, count, rounds: samples.length },
    rate: spread(samples.map(rate)),
    toAmqplib: ratios(samples, samplesOf("amqplib"), rate),
    toLimit: ratios(samples, samplesOf("limit"), rate),
    toBest: { peer: best.name, ...ratios(samples, best.samples, rate) },
    clientCpu: spread(samples.map(({ clientCpu }) => clientCpu)),
    brokerCpu: spread(samples.map(({ brokerCpu }) => brokerCpu)),
    peak: spread(samples.map(({ peak }) => peak)),
  }));
}
