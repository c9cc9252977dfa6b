/** How much each part does: all of them together stay under 15 minutes on two cores. */
export const sizes = {
  /** Rounds of what a target speaks of, and of the others. */
  rounds: { own: 5, peers: 3 },
  /** Messages in flight of the promise-based clients. */
  window: 1_000,
  publish: { lines: 100_000, slow: 3_000 },
  drain: { tasks: 20_000, slow: 3_000 },
  concurrency: { tasks: 100_000, charted: [1, 10, 1_000], atOneTime: 20_000, dots: 10_000 },
  start: { rounds: 20 },
  memory: { lines: 100_000, manyLines: 1_000_000, idleRounds: 5, settleMs: 1_000 },
  dispatch: { tasks: 1_000, processes: 5, concurrency: 10, dotMs: 150, pairTasks: 40, pairDotMs: 50 },
  backlog: { small: 1_000, large: 1_000_000, rounds: 3, publish: 50_000, oneAtATime: 15_000 },
};
