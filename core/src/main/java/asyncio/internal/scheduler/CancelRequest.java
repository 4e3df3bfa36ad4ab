package asyncio.internal.scheduler;

import org.jspecify.annotations.Nullable;

/**
 * A request that a scope (a time limit, a task group) makes of the coroutine it belongs to, so that
 * it can take back this very request when it ends. Made at most once. Loop-confined; its state
 * belongs to {@link CancelRequests}.
 */
public final class CancelRequest {
  @Nullable
  String message;

  boolean made;

  /** Whether no wait has ended because of it yet. */
  boolean pending;

  /** Its place among all requests of the coroutine. */
  int number;

  /** The previous request of a scope. */
  @Nullable
  CancelRequest earlier;

  /** Creates a request that has not been made yet. */
  public CancelRequest() {}

  /** Whether it was made and not taken back. */
  public boolean isMade() {
    return made;
  }
}
