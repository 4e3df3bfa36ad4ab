package asyncio;

import static asyncio.Asyncio.asCompleted;
import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.gather;
import static asyncio.Asyncio.run;
import static asyncio.Asyncio.runningLoop;
import static asyncio.Asyncio.shield;
import static asyncio.Asyncio.timeout;
import static asyncio.Asyncio.waitUntil;
import static asyncio.Asyncio.yieldNow;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Steps that compute, on the system's clock: what is due comes after one step and some
 * milliseconds, however long the steps are.
 */
class LongStepsTest {
  /** As many as a loop makes at most from one look at its timers to the next. */
  private static final int POLL_INTERVAL = 61;

  private static void computeFor(long millis) {
    long end = System.nanoTime() + millis * 1_000_000;
    while (System.nanoTime() < end) {
      Thread.onSpinWait();
    }
  }

  @Test
  void aTimeLimitStrikesBetweenPiecesThatAreLong() {
    int[] pieces = {0};
    run(
        () ->
            assertThrows(
                TimeoutException.class,
                () ->
                    timeout(
                        ofMillis(30),
                        () -> {
                          while (true) {
                            computeFor(10);
                            pieces[0]++;
                            yieldNow();
                          }
                        })));
    assertTrue(pieces[0] < POLL_INTERVAL / 2, () -> pieces[0] + " pieces");
  }

  @Test
  void aTimerIsDueInTheMiddleOfATurnOfLongSteps() {
    List<String> order = new ArrayList<>();
    run(
        () -> {
          runningLoop().callLater(ofMillis(10), () -> order.add("timer"));
          List<Task<?>> tasks = new ArrayList<>();
          for (int i = 0; i < POLL_INTERVAL; i++) {
            tasks.add(
                createTask(
                    () -> {
                      computeFor(5);
                      yieldNow();
                      order.add("second step");
                    }));
          }
          for (Task<?> task : tasks) {
            task.await();
          }
        });
    // Of all first steps, which take 305 ms together, the timer comes before the last is over.
    assertTrue(order.indexOf("timer") < POLL_INTERVAL / 2, order::toString);
  }

  @Test
  void aCallOfAnotherThreadComesInTheMiddleOfATurnOfLongSteps() throws Exception {
    int[] stepsBefore = {0};
    int[] steps = {0};
    run(
        () -> {
          EventLoop loop = runningLoop();
          List<Task<?>> tasks = new ArrayList<>();
          for (int i = 0; i < POLL_INTERVAL; i++) {
            boolean first = i == 0;
            tasks.add(
                createTask(
                    () -> {
                      if (first) {
                        Thread.ofPlatform()
                            .start(() -> loop.callSoonThreadsafe(() -> stepsBefore[0] = steps[0]))
                            .join();
                      }
                      computeFor(5);
                      steps[0]++;
                      yieldNow();
                      steps[0]++;
                    }));
          }
          for (Task<?> task : tasks) {
            task.await();
          }
        });
    assertTrue(stepsBefore[0] < 3 * POLL_INTERVAL / 2, () -> stepsBefore[0] + " steps");
  }

  // ---- waits that never suspend ----

  private interface Operation {
    void run() throws Exception;
  }

  private interface Operations {
    Operation make() throws Exception;
  }

  private static final Map<String, Operations> AT_ONCE = new LinkedHashMap<>();

  static {
    AT_ONCE.put(
        "Queue",
        () -> {
          var queue = new Queue<Integer>(1);
          return () -> {
            queue.put(1);
            queue.get();
          };
        });
    AT_ONCE.put(
        "Queue.join",
        () -> {
          var queue = new Queue<Integer>();
          return queue::join;
        });
    AT_ONCE.put(
        "Lock",
        () -> {
          var lock = new Lock();
          return () -> lock.acquire().close();
        });
    AT_ONCE.put(
        "Semaphore",
        () -> {
          var semaphore = new Semaphore(1);
          return () -> semaphore.acquire().close();
        });
    AT_ONCE.put(
        "Event",
        () -> {
          var event = new Event();
          event.set();
          return event::await;
        });
    AT_ONCE.put(
        "Future.await",
        () -> {
          Future<Integer> done = done();
          return done::await;
        });
    AT_ONCE.put(
        "shield",
        () -> {
          Future<Integer> done = done();
          return () -> shield(done);
        });
    AT_ONCE.put(
        "gather",
        () -> {
          List<Future<Integer>> done = List.of(done(), done());
          return () -> gather(done);
        });
    AT_ONCE.put(
        "waitUntil",
        () -> {
          List<Future<Integer>> done = List.of(done(), done());
          return () -> waitUntil(ReturnWhen.ALL_COMPLETED, done);
        });
    AT_ONCE.put(
        "asCompleted",
        () -> {
          List<Future<Integer>> done = List.of(done(), done());
          return () -> asCompleted(done).forEach(one -> assertTrue(one.isDone()));
        });
  }

  private static Future<Integer> done() {
    var done = new Future<Integer>();
    done.setResult(1);
    return done;
  }

  static Stream<String> atOnce() {
    return AT_ONCE.keySet().stream();
  }

  @ParameterizedTest
  @MethodSource("atOnce")
  void aTimeLimitStrikesRoundWaitsThatNeverSuspend(String which) throws Exception {
    run(
        () -> {
          Operation operation = AT_ONCE.get(which).make();
          var other = createTask(() -> 1);
          assertThrows(
              TimeoutException.class,
              () ->
                  timeout(
                      ofMillis(20),
                      () -> {
                        long end = System.nanoTime() + ofSeconds(20).toNanos();
                        while (System.nanoTime() < end) {
                          operation.run();
                        }
                      }));
          assertTrue(other.isDone());
          assertEquals(0, Asyncio.currentTask().cancelling());
        });
  }

  @Test
  void aValueThatIsThereIsGivenThoughTheLimitStrikesMeanwhile() {
    int[] got = {0};
    run(
        () -> {
          Future<Integer> done = done();
          assertThrows(
              TimeoutException.class,
              () ->
                  timeout(
                      ofMillis(20),
                      () -> {
                        computeFor(40);
                        got[0] = done.await();
                        while (true) {
                          yieldNow();
                        }
                      }));
        });
    assertEquals(1, got[0]);
  }

  @Test
  void aFailureThatIsThereIsGivenThoughTheLimitStrikesMeanwhile() {
    List<Throwable> got = new ArrayList<>();
    run(
        () -> {
          var failed = new Future<Integer>();
          failed.setException(new Failure("x"));
          assertThrows(
              TimeoutException.class,
              () ->
                  timeout(
                      ofMillis(20),
                      () -> {
                        computeFor(40);
                        try {
                          gather(List.of(done(), failed));
                        } catch (Failure told) {
                          got.add(told);
                        }
                        while (true) {
                          yieldNow();
                        }
                      }));
        });
    assertEquals(1, got.size());
  }

  /** Its initialiser computes for long, and then calls what would yield elsewhere. */
  private static final class Slow {
    static final int VALUE;

    static {
      computeFor(40);
      var queue = new Queue<Integer>();
      queue.put(1);
      VALUE = queue.get();
    }
  }

  @Test
  void aLongClassInitialiserMayCallWhatReturnsAtOnce() {
    run(() -> assertEquals(1, Slow.VALUE));
  }
}
