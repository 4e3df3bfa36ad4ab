package asyncio.loop;

import static asyncio.Asyncio.ALL_COMPLETED;
import static asyncio.Asyncio.asCompleted;
import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.runningLoop;
import static asyncio.Asyncio.sleep;
import static asyncio.Asyncio.staggeredRace;
import static asyncio.Asyncio.toThread;
import static asyncio.Asyncio.waitUntil;
import static asyncio.Asyncio.yieldNow;
import static java.time.Duration.ZERO;
import static java.time.Duration.ofDays;
import static java.time.Duration.ofNanos;
import static java.time.Duration.ofSeconds;
import static java.time.temporal.ChronoUnit.FOREVER;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import asyncio.Coroutine;
import asyncio.EventLoop;
import asyncio.Future;
import asyncio.TimeoutException;
import asyncio.TimerHandle;
import asyncio.support.Order;
import asyncio.testing.AsyncTest;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Durations that are longer than any number of nanoseconds, and those that are over at once. Where
 * else one is given: {@code sleep} in {@code SleepTest}, time limits in {@code TimeoutTest}, the
 * end of a loop in {@code RunInExecutorTest}, of a process in {@code ProcessExitTest}, of a
 * connection in its tests.
 */
class LongestDurationsTest {
  /** 273 years, which is less than the 292 of the longest number of nanoseconds. */
  private static final Duration LONG = ofDays(100_000);

  private static final Duration LONGEST = FOREVER.getDuration();

  private static final List<Duration> OVER_AT_ONCE =
      List.of(ZERO, ofNanos(-1), ofSeconds(Long.MIN_VALUE));

  private final Order order = new Order();

  private volatile Thread waiting;

  @AsyncTest
  void callLaterAndCallAt() {
    EventLoop loop = runningLoop();
    TimerHandle later = loop.callLater(LONGEST, () -> order.add("much later"));
    TimerHandle at = loop.callAt(LONGEST, () -> order.add("at the end of time"));
    for (Duration each : OVER_AT_ONCE) {
      loop.callLater(each, () -> order.add(each));
    }
    sleep(ofNanos(1));
    order.assertIs(OVER_AT_ONCE);
    order.clear();
    loop.callAt(ofSeconds(Long.MIN_VALUE), () -> order.add("long ago"));
    sleep(ofNanos(1));
    order.assertIs("long ago");
    sleep(LONG);
    order.assertIs("long ago");
    later.cancel();
    at.cancel();
  }

  @AsyncTest
  void waitUntilWithALimit() {
    var slow = createTask(() -> sleep(LONG));
    for (Duration each : OVER_AT_ONCE) {
      assertEquals(1, waitUntil(ALL_COMPLETED, List.of(slow), each).pending().size());
    }
    assertEquals(ZERO, runningLoop().time());
    assertEquals(1, waitUntil(ALL_COMPLETED, List.of(slow), LONGEST).done().size());
  }

  @AsyncTest
  void asCompletedWithALimit() {
    var slow = createTask(() -> sleep(LONG));
    for (Duration each : OVER_AT_ONCE) {
      var none = asCompleted(List.of(slow), each).iterator();
      assertThrows(TimeoutException.class, none::next);
    }
    assertEquals(ZERO, runningLoop().time());
    assertEquals(slow, asCompleted(List.of(slow), LONGEST).iterator().next());
  }

  @AsyncTest
  void theDelayOfARace() {
    List<Coroutine<Integer, RuntimeException>> bodies = List.of(
        () -> {
          sleep(LONG);
          return 1;
        },
        () -> {
          order.add("the second");
          return 2;
        });
    for (Duration each : OVER_AT_ONCE) {
      assertEquals(1, staggeredRace(bodies, each).index());
    }
    assertEquals(ZERO, runningLoop().time());
    order.clear();
    assertEquals(0, staggeredRace(bodies, LONGEST).index());
    order.assertIsEmpty();
  }

  @AsyncTest
  void getOnAnotherThread() {
    Future<Integer> future = runningLoop().createFuture();
    for (long none : new long[] {0, -1, Long.MIN_VALUE}) {
      toThread(() -> {
        assertThrows(
            java.util.concurrent.TimeoutException.class, () -> future.get(none, TimeUnit.DAYS));
      });
    }
    var got = createTask(() -> toThread(() -> {
      waiting = Thread.currentThread();
      return future.get(Long.MAX_VALUE, TimeUnit.DAYS);
    }));
    while (waiting == null || waiting.getState() != Thread.State.TIMED_WAITING) {
      assertFalse(got.isDone());
      yieldNow();
    }
    future.setResult(1);
    assertEquals(1, got.await());
  }
}
