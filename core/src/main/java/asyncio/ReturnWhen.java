package asyncio;

/** When {@link Asyncio#waitUntil} returns. */
public enum ReturnWhen {
  /** As soon as one is done, whatever its outcome. */
  FIRST_COMPLETED,

  /** As soon as one fails, or when all are done. One that is cancelled has not failed. */
  FIRST_EXCEPTION,

  /** When all are done, whatever their outcomes. */
  ALL_COMPLETED
}
