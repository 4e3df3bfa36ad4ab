package asyncio;

/** When {@link Asyncio#waitUntil} returns. */
public enum ReturnWhen {
  /** Returns as soon as one is done, whatever its outcome. */
  FIRST_COMPLETED,

  /** Returns as soon as one fails, or when all are done. A cancelled one has not failed. */
  FIRST_EXCEPTION,

  /** Returns when all are done, whatever their outcomes. */
  ALL_COMPLETED
}
