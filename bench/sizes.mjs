/** How much each part does: all of them together stay under 12 minutes on two cores. */
export const sizes = {
  /** Rounds of each client. */
  rounds: { ours: 7, amqplib: 7, others: 3 },
  /** Tasks that go through the broker before anything is measured: its code is loaded on first use. */
  warmUp: 20_000,
  /** Unconfirmed messages of the other clients. */
  window: 1_000,
  publish: { tasks: 100_000 },
  /** By the tasks at a time. */
  drain: { 1: 25_000, 100: 50_000 },
  dots: { tasks: 10_000 },
  start: { rounds: 15 },
  memory: { settleMs: 1_000, manyLines: 1_000_000 },
  dispatch: { tasks: 1_000, processes: 5, concurrency: 10, dotMs: 150 },
  /** Every round publishes so many and drains them, some one at a time and the rest 100 at a time. */
  backlog: { small: 1_000, large: 1_000_000, rounds: 3, tasks: 30_000, oneAtATime: 10_000 },
  properties: { tasks: 30_000, rounds: 5 },
};
