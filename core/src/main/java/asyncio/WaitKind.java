package asyncio;

/** The kind of thing a task waits for; see {@link WaitGraph}. */
public enum WaitKind {
  /** The end of one or more tasks: await, gather, waitUntil, shield, a task group. */
  TASK,
  /** A future that is not a task: somebody sets its result. */
  FUTURE,
  /** A {@link Lock}, which its holder releases. */
  LOCK,
  /** A permit of a {@link Semaphore}. */
  SEMAPHORE,
  /** An {@link Event} to be set. */
  EVENT,
  /** A signal of a {@link Condition}. */
  CONDITION,
  /** The other parties of a {@link Barrier}. */
  BARRIER,
  /** An item in a queue, room in one, or its unfinished items; the same in a stream in memory. */
  QUEUE,
  /** A time: sleep. */
  TIME,
  /** A socket: a client, a connection, data, or room for data. */
  SOCKET,
  /** Work on a helper thread: toThread, an executor, a name look-up. */
  HELPER,
  /**
   * Something another library completes or sends: a CompletionStage, the items or demand of a Flow.
   */
  STAGE,
  /** A blocking call that does not belong to this library. */
  FOREIGN,
  /** Something else. */
  OTHER;
}
