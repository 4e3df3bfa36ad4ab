package asyncio.threads;

import static asyncio.Asyncio.await;
import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.sleep;
import static asyncio.Asyncio.wrapFuture;
import static asyncio.Asyncio.yieldNow;
import static java.time.Duration.ofDays;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.CancelledError;
import asyncio.support.Failure;
import asyncio.testing.AsyncTest;
import java.io.IOException;

/** Out as a CompletableFuture and back again: nothing is changed on the way. */
class StageRoundTripTest {
  @AsyncTest
  void aValueComesBack() {
    assertEquals("value", await(createTask(() -> "value").toCompletableFuture()));
    assertNull(wrapFuture(createTask(() -> {}).toCompletableFuture()).await());
    var stage = createTask(() -> 20).toCompletableFuture().thenApply(value -> value + 1);
    assertEquals(21, wrapFuture(stage).await());
  }

  @AsyncTest
  void aFailureComesBackAsTheSameObject() {
    var unchecked = new Failure("x");
    var checked = new IOException("x");
    var first = createTask(() -> {
          throw unchecked;
        })
        .toCompletableFuture();
    assertSame(unchecked, assertThrows(Failure.class, () -> await(first)));
    var second = createTask(() -> {
          throw checked;
        })
        .toCompletableFuture()
        .thenApply(value -> value);
    var back = wrapFuture(second);
    assertSame(
        checked, assertThrows(IOException.class, () -> back.awaitThrowing(IOException.class)));
  }

  @AsyncTest
  void aCancelOfTheInnerTaskComesOut() {
    var inner = createTask(() -> sleep(ofDays(1)));
    var outer = wrapFuture(inner.toCompletableFuture());
    yieldNow();
    inner.cancel();
    assertThrows(CancelledError.class, outer::await);
    assertTrue(outer.isCancelled());
  }

  @AsyncTest
  void aCancelOfTheOuterFutureReachesTheTask() {
    var inner = createTask(() -> sleep(ofDays(1)));
    var outer = createTask(() -> await(inner.toCompletableFuture()));
    yieldNow();
    outer.cancel();
    assertThrows(CancelledError.class, outer::await);
    assertThrows(CancelledError.class, inner::await);
    assertTrue(inner.isCancelled());
  }
}
