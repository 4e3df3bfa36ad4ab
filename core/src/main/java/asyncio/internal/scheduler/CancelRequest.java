package asyncio.internal.scheduler;

import org.jspecify.annotations.Nullable;

/**
 * A request that a scope (a time limit, a task group) makes of the coroutine it belongs to, so that
 * it can take back that very one at its edge. Made once at most. Loop-confined; its state belongs
 * to {@link CancelRequests}.
 */
public final class CancelRequest {
  @Nullable String message;
  boolean made;

  /** No wait has ended because of it yet. */
  boolean pending;

  /** Its place among all requests of the coroutine. */
  int number;

  /** The one of a scope that was made before. */
  @Nullable CancelRequest earlier;

  /** A request that is not made yet. */
  public CancelRequest() {}

  /** Whether it was made and not taken back. */
  public boolean isMade() {
    return made;
  }
}
