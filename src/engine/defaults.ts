/** The only definition of each default, for the engine and the help texts. */
export const defaults = {
  /** Broker address when neither `--url` nor `AMQP_URL` is given. */
  url: "amqp://localhost:5672",
  /** The queue of RabbitMQ's "Work Queues" tutorial. */
  queue: "task_queue",
  /** What `new-task` sends when it is given no words. */
  message: "Hello World!",
  /** Work per dot, in ms. */
  dotMs: 1_000,
  /** Tasks at a time in one worker; also the consumer prefetch unless another is given. */
  concurrency: 1,
  /** How long one connection attempt may take until AMQP's open-ok, in ms. */
  connectTimeoutMs: 10_000,
  /** How long a broker that is starting is waited for, in ms, and the longest pause between two attempts. */
  startingWaitMs: 10_000,
  startingDelayMs: 500,
  /** How long the broker may take to declare the queue and start a consumer on a new connection, in ms. */
  setupTimeoutMs: 30_000,
  /**
   * Reconnection delays in ms: doubled up to `maxDelay`, each shortened at random by up to a fifth; reset
   * after a connection that lasted `stableMs`.
   */
  reconnect: { initialDelay: 100, maxDelay: 5_000, factor: 2, jitter: 0.2, stableMs: 1_000 },
  /** How long the publisher waits without any confirm before it gives up, in ms. */
  confirmTimeoutMs: 30_000,
  /** Tasks published and not yet confirmed, at most. */
  window: 1_000,
  /** The same in bytes of body; a single larger task still passes. */
  windowBytes: 16 * 1024 * 1024,
  /** What a socket buffers before amqplib pauses, in bytes: more than the usual publishes of a turn. */
  writeBufferBytes: 1024 * 1024,
  /** How long closing a channel and its connection may take before the socket is cut, in ms. */
  closeTimeoutMs: 3_000,
  /** The same when a command is to leave at once, in ms. */
  forcedCloseMs: 500,
  /** How long a failed task waits before each further attempt, in ms; after the last it is a dead letter. */
  retryMs: [5_000, 30_000, 120_000, 600_000, 3_600_000],
  /** How long a failed task that is requeued is kept before, in ms. */
  requeueDelayMs: 1_000,
  /** How long a worker has been idle before it asks whether the queue is empty, in ms. */
  emptyCheckMs: 100,
  /** The same while tasks wait for another attempt, in ms. */
  retryCheckMs: 500,
  /** How long a command that is to end has between SIGTERM and SIGKILL, in ms. */
  killAfterMs: 5_000,
} as const;
