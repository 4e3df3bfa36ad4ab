package asyncio.support;

import static asyncio.Asyncio.sleep;
import static java.time.Duration.ofDays;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import asyncio.Action;
import asyncio.CancelledError;
import asyncio.Future;

/** What tests of cancellation share. */
public final class Cancelling {
  private Cancelling() {}

  /** Sleeps for a day, which only a cancel ends; whatever ends it, {@code cleanUp} runs then. */
  public static <X extends Exception> void sleepAndCleanUp(Action<X> cleanUp) throws X {
    try {
      sleep(ofDays(1));
    } finally {
      cleanUp.run();
    }
  }

  /** Awaits {@code task}, which must end by a cancel with this message. */
  public static void assertCancelled(String message, Future<?> task) {
    assertEquals(message, assertThrows(CancelledError.class, task::await).getMessage());
  }
}
