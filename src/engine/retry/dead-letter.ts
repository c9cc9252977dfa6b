/**
 * Thrown by a handler: its task cannot be done, however often it is tried, so it becomes a dead letter at once.
 * `message`: the reason, as `task-queue dead` shows it.
 */
export class DeadLetter extends Error {
  override readonly name = "DeadLetter";
}

/** Thrown by a handler that could not begin: its task is requeued and does not count as attempted. */
export class NotAttempted extends Error {
  override readonly name = "NotAttempted";
}
