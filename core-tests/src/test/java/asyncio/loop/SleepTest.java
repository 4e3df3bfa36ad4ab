package asyncio.loop;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.currentTask;
import static asyncio.Asyncio.runningLoop;
import static asyncio.Asyncio.sleep;
import static asyncio.Asyncio.yieldNow;
import static java.time.Duration.ZERO;
import static java.time.Duration.ofDays;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofNanos;
import static java.time.Duration.ofSeconds;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.Asyncio;
import asyncio.CancelledError;
import asyncio.conformance.Covers;
import asyncio.support.Order;
import asyncio.testing.AsyncTest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class SleepTest {
  private final Order order = new Order();

  @AsyncTest
  @Covers("test_tasks.BaseTaskTests.sleep")
  void sleepTakesExactlyItsTime() {
    sleep(ofDays(365));
    sleep(ofNanos(1));
    assertEquals(ofDays(365).plusNanos(1), runningLoop().time());
  }

  @AsyncTest
  @Covers("test_tasks.BaseTaskTests.sleep")
  void aValueIsReturnedAfterTheSleep() {
    var task = createTask(() -> {
      sleep(ofSeconds(10));
      return "yeah";
    });
    assertEquals("yeah", task.await());
    assertEquals(ofSeconds(10), runningLoop().time());
  }

  @AsyncTest
  void sleepersWakeByTimeThenByOrder() {
    sleeper("b", ofSeconds(2));
    sleeper("a", ofSeconds(1));
    sleeper("c", ofSeconds(2));
    sleeper("d", ofSeconds(3));
    sleep(ofSeconds(4));
    order.assertIs("a", "b", "c", "d");
  }

  private void sleeper(String name, Duration delay) {
    createTask(() -> {
      sleep(delay);
      order.add(name);
    });
  }

  @AsyncTest
  @Covers("test_tasks.SleepTests.sleep_zero")
  void sleepOfZeroOrLessIsExactlyOneTurn() {
    for (Duration delay : List.of(ZERO, ofSeconds(-1))) {
      order.clear();
      runningLoop().callSoon(() -> {
        order.add("queued");
        runningLoop().callSoon(() -> order.add("next turn"));
      });
      sleep(delay);
      order.assertIs("queued");
      sleep(delay);
      order.assertIs("queued", "next turn");
    }
    assertEquals(ZERO, runningLoop().time());
  }

  @AsyncTest
  void yieldNowLetsAllThatIsReadyRunOnce() {
    for (int i = 0; i < 100; i++) {
      createTask(() -> {
        order.add("first");
        yieldNow();
        order.add("second");
      });
    }
    yieldNow();
    assertEquals(100, order.size());
    yieldNow();
    assertEquals(200, order.size());
  }

  @AsyncTest
  void theLongestDurationIsPossible() {
    var task = createTask(() -> sleep(Duration.ofSeconds(Long.MAX_VALUE)));
    sleep(ofSeconds(1));
    task.cancel();
    assertThrows(CancelledError.class, task::await);
    assertEquals(ofSeconds(1), runningLoop().time());
  }

  @AsyncTest
  void nullIsRefused() {
    assertThrows(NullPointerException.class, () -> sleep(null));
  }

  @AsyncTest
  void aPendingCancelStrikesAtASleepOfZero() {
    var task = createTask(() -> {
      currentTask().cancel();
      sleep(ZERO);
      order.add("never");
    });
    assertThrows(CancelledError.class, task::await);
    order.assertIsEmpty();
  }

  @AsyncTest
  void aThousandSleepersWakeInOrder() {
    List<Integer> woken = new ArrayList<>();
    for (int i = 0; i < 1000; i++) {
      int number = i;
      createTask(() -> {
        sleep(ofMillis(1000 - number));
        woken.add(number);
      });
    }
    sleep(ofSeconds(2));
    for (int i = 0; i < 1000; i++) {
      assertEquals(999 - i, woken.get(i));
    }
  }

  @Test
  void realTimePassesWithTheSystemClock() {
    long before = System.nanoTime();
    Asyncio.run(() -> sleep(ofMillis(5)));
    long nanos = System.nanoTime() - before;
    assertTrue(nanos >= 5_000_000, nanos + " ns");
  }
}
