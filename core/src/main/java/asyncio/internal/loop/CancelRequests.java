package asyncio.internal.loop;

import org.jspecify.annotations.Nullable;

/**
 * The cancel requests that a coroutine has received. Made with the first one: most coroutines never
 * get any, and there may be a million of them. Loop-confined.
 */
final class CancelRequests {
  /** Requests less those taken back; the truth. */
  int count;

  /** How many of them had been made when one was last delivered. */
  int delivered;

  /** What the last one said. */
  @Nullable String message;
}
