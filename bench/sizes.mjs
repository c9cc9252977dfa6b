/** How much each part does: all of them together stay under 15 minutes on two cores. */
export const sizes = {
  /** Rounds of the limit, the raw socket and ours, and of the others. */
  rounds: { own: 5, peers: 2 },
  /** Tasks that go through the broker before anything is measured: its code is loaded on first use. */
  warmUp: 20_000,
  /** Messages that the clients with promises have in flight. */
  window: 1_000,
  /** `slow`: of those that would take too long. */
  publish: { lines: 100_000, slow: 3_000 },
  drain: { tasks: 40_000, slow: 2_000 },
  /** `charted`: tasks at a time, and how many tasks of them. */
  concurrency: {
    tasks: 100_000,
    charted: [
      [1, 20_000],
      [10, 50_000],
      [1_000, 50_000],
    ],
    dots: 10_000,
  },
  start: { rounds: 20, peerRounds: 10 },
  memory: { lines: 100_000, manyLines: 1_000_000, idleRounds: 3, settleMs: 1_000 },
  dispatch: { tasks: 1_000, processes: 5, concurrency: 10, dotMs: 150, pairTasks: 40, pairDotMs: 50 },
  /** Every round publishes so many and drains them, some one at a time and the rest 100 at a time. */
  backlog: { small: 1_000, large: 1_000_000, rounds: 3, publish: 50_000, oneAtATime: 15_000 },
};
