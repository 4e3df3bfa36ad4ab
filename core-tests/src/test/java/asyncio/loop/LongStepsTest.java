package asyncio.loop;

import static asyncio.Asyncio.asCompleted;
import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.gather;
import static asyncio.Asyncio.openConnection;
import static asyncio.Asyncio.run;
import static asyncio.Asyncio.runningLoop;
import static asyncio.Asyncio.shield;
import static asyncio.Asyncio.timeout;
import static asyncio.Asyncio.waitUntil;
import static asyncio.Asyncio.yieldNow;
import static java.nio.charset.StandardCharsets.UTF_8;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofNanos;
import static java.time.Duration.ofSeconds;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.Action;
import asyncio.Asyncio;
import asyncio.Barrier;
import asyncio.Condition;
import asyncio.ConnectOptions;
import asyncio.Connection;
import asyncio.Event;
import asyncio.EventLoop;
import asyncio.Future;
import asyncio.LimitOverrunException;
import asyncio.Lock;
import asyncio.Queue;
import asyncio.ReturnWhen;
import asyncio.Semaphore;
import asyncio.Task;
import asyncio.TimeoutException;
import asyncio.flow.FlowEmitter;
import asyncio.flow.Flows;
import asyncio.internal.scheduler.Ticks;
import asyncio.support.Failure;
import asyncio.support.Order;
import asyncio.testing.VirtualClock;
import asyncio.testing.VirtualTime;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
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
    computeForMicros(1_000 * millis);
  }

  private static void computeForMicros(long micros) {
    long end = System.nanoTime() + 1_000 * micros;
    while (System.nanoTime() < end) {
      Thread.onSpinWait();
    }
  }

  private static void assertTimesOut(Action<Exception> body) {
    assertThrows(TimeoutException.class, () -> timeout(ofMillis(20), body));
  }

  // ---- one step after a tick ----

  /**
   * Two steps of each task. In the first of all {@code meanwhile} is done; it and some more end
   * with a tick.
   */
  private static void inTheMiddleOfATurn(Order order, int ticks, Action<Exception> meanwhile) {
    List<Task<?>> tasks = new ArrayList<>();
    for (int i = 0; i < POLL_INTERVAL; i++) {
      String name = "task " + i;
      int number = i;
      tasks.add(createTask(() -> {
        if (number == 0) {
          meanwhile.run();
        }
        if (number < ticks) {
          Ticks.now();
        }
        yieldNow();
        order.add(name);
      }));
    }
    for (Task<?> task : tasks) {
      task.await();
    }
  }

  private static void untilDue(EventLoop loop, Duration when) {
    while (loop.time().compareTo(when) <= 0) {
      Thread.onSpinWait();
    }
  }

  @Test
  void aTimerThatIsDueComesBehindTheStepOfTheTick() {
    var order = new Order();
    run(() -> inTheMiddleOfATurn(order, 1, () -> {
      EventLoop loop = runningLoop();
      loop.callLater(ofNanos(1), () -> order.add("timer"));
      untilDue(loop, loop.time());
    }));
    order.assertBeginsWith("task 0", "timer", "task 1");
  }

  @Test
  void aTimeLimitThatHasRunOutStrikesAtTheYieldBehindTheTick() {
    int[] pieces = {0};
    run(() -> assertThrows(
        TimeoutException.class,
        () -> timeout(ofNanos(1), () -> {
          EventLoop loop = runningLoop();
          untilDue(loop, loop.time());
          Ticks.now();
          while (true) {
            pieces[0]++;
            yieldNow();
          }
        })));
    assertEquals(1, pieces[0]);
  }

  @Test
  void aCallOfAnotherThreadComesBehindTheStepOfTheTick() {
    var order = new Order();
    run(() -> inTheMiddleOfATurn(order, 1, () -> {
      EventLoop loop = runningLoop();
      var caller =
          Thread.ofPlatform().start(() -> loop.callSoonThreadsafe(() -> order.add("call")));
      while (caller.isAlive()) {
        Thread.onSpinWait();
      }
    }));
    order.assertBeginsWith("task 0", "call", "task 1");
  }

  @Test
  void bytesThatHaveComeAreReadInTheMiddleOfATurn() throws Exception {
    var order = new Order();
    run(() -> {
      try (var listening = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
          var client = openConnection("127.0.0.1", listening.getLocalPort());
          var peer = listening.accept()) {
        var reader = createTask(() -> {
          client.reader().read(1);
          order.add("reader");
        });
        yieldNow();
        inTheMiddleOfATurn(
            order,
            POLL_INTERVAL - 1, // the operating system may take a moment
            () -> peer.getOutputStream().write('x'));
        reader.await();
      }
    });
    // Without a look in the middle it would run behind all the second steps.
    assertTrue(order.events().indexOf("reader") < POLL_INTERVAL, order::toString);
  }

  @Test
  void aClockOfItsOwnKnowsNoTicks() {
    var order = new Order();
    boolean[] othersRan = {false, false};
    var clock = new VirtualClock();
    VirtualTime.run(clock, () -> {
      inTheMiddleOfATurn(order, 1, () -> {
        runningLoop().callLater(ofMillis(1), () -> order.add("timer"));
        clock.advance(ofMillis(2));
      });
      var other = createTask(() -> {
        othersRan[0] = true;
      });
      var queue = new Queue<Integer>();
      Ticks.now();
      queue.put(1);
      queue.get();
      done().await();
      othersRan[1] = othersRan[0];
      other.await();
    });
    assertEquals("task 1", order.get(1));
    assertTrue(order.events().contains("timer"));
    assertFalse(othersRan[1], "a wait that was over at once let others run");
  }

  // ---- on the watchdog's own ticks ----

  @Test
  void aTimeLimitStrikesBetweenPiecesThatAreLong() {
    int[] pieces = {0};
    run(() -> assertThrows(
        TimeoutException.class,
        () -> timeout(ofMillis(30), () -> {
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
    var order = new Order();
    run(() -> {
      runningLoop().callLater(ofMillis(10), () -> order.add("timer"));
      List<Task<?>> tasks = new ArrayList<>();
      for (int i = 0; i < POLL_INTERVAL; i++) {
        tasks.add(createTask(() -> {
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
    assertTrue(order.events().indexOf("timer") < POLL_INTERVAL / 2, order::toString);
  }

  @Test
  void aCallOfAnotherThreadComesInTheMiddleOfATurnOfLongSteps() throws Exception {
    int[] stepsBefore = {0};
    int[] steps = {0};
    run(() -> {
      EventLoop loop = runningLoop();
      List<Task<?>> tasks = new ArrayList<>();
      for (int i = 0; i < POLL_INTERVAL; i++) {
        boolean first = i == 0;
        tasks.add(createTask(() -> {
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
    AT_ONCE.put("Queue", () -> {
      var queue = new Queue<Integer>(1);
      return () -> {
        queue.put(1);
        queue.get();
      };
    });
    AT_ONCE.put("Queue.join", () -> {
      var queue = new Queue<Integer>();
      return queue::join;
    });
    AT_ONCE.put("Lock", () -> {
      var lock = new Lock();
      return () -> lock.acquire().close();
    });
    AT_ONCE.put("Semaphore", () -> {
      var semaphore = new Semaphore(1);
      return () -> semaphore.acquire().close();
    });
    AT_ONCE.put("Event", () -> {
      var event = new Event();
      event.set();
      return event::await;
    });
    AT_ONCE.put("Future.await", () -> {
      Future<Integer> done = done();
      return done::await;
    });
    AT_ONCE.put("shield", () -> {
      Future<Integer> done = done();
      return () -> shield(done);
    });
    AT_ONCE.put("gather", () -> {
      List<Future<Integer>> done = List.of(done(), done());
      return () -> gather(done);
    });
    AT_ONCE.put("waitUntil", () -> {
      List<Future<Integer>> done = List.of(done(), done());
      return () -> waitUntil(ReturnWhen.ALL_COMPLETED, done);
    });
    AT_ONCE.put("asCompleted", () -> {
      List<Future<Integer>> done = List.of(done(), done());
      return () -> asCompleted(done).forEach(one -> assertTrue(one.isDone()));
    });
    AT_ONCE.put("Future.get", () -> {
      Future<Integer> done = done();
      return done::get;
    });
    AT_ONCE.put("Future.get with a limit", () -> {
      Future<Integer> done = done();
      return () -> done.get(1, TimeUnit.DAYS);
    });
    AT_ONCE.put("Barrier", () -> {
      var barrier = new Barrier(1);
      return barrier::await;
    });
    AT_ONCE.put("Condition", () -> {
      var condition = new Condition();
      condition.acquire();
      return () -> condition.await(() -> true);
    });
    AT_ONCE.put("FlowItems", () -> {
      // So many, and so slowly, that they last for longer than any limit of here.
      var items = Flows.subscribe(new AllAtOnce(200_000), 200_000).iterator();
      for (int i = 0; i < 4; i++) {
        yieldNow(); // the subscription, the request, the items
      }
      return () -> {
        computeForMicros(20);
        items.next();
      };
    });
    AT_ONCE.put("FlowEmitter.emit", () -> {
      List<FlowEmitter<Integer>> emitters = new ArrayList<>();
      Flows.<Integer>publisher(out -> {
            emitters.add(out);
            new Event().await();
          })
          .subscribe(new Flow.Subscriber<>() {
            @Override
            public void onSubscribe(Flow.Subscription subscription) {
              subscription.request(Long.MAX_VALUE);
            }

            @Override
            public void onNext(Integer item) {}

            @Override
            public void onError(Throwable failure) {}

            @Override
            public void onComplete() {}
          });
      yieldNow();
      return () -> emitters.getFirst().emit(1);
    });
  }

  /** Sends what is requested before its request() returns, and completes when all are sent. */
  private record AllAtOnce(int count) implements Flow.Publisher<Integer> {
    @Override
    public void subscribe(Flow.Subscriber<? super Integer> subscriber) {
      subscriber.onSubscribe(new Flow.Subscription() {
        @Override
        public void request(long n) {
          for (int i = 0; i < count; i++) {
            subscriber.onNext(i);
          }
          subscriber.onComplete();
        }

        @Override
        public void cancel() {}
      });
    }
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
    run(() -> {
      Operation operation = AT_ONCE.get(which).make();
      var other = createTask(() -> 1);
      assertTimesOut(() -> {
        long end = System.nanoTime() + ofSeconds(20).toNanos();
        while (System.nanoTime() < end) {
          operation.run();
        }
      });
      assertTrue(other.isDone());
      assertEquals(0, Asyncio.currentTask().cancelling());
    });
  }

  private interface OnAConnection {
    void run(Connection connection) throws Exception;
  }

  private static final Map<String, OnAConnection> ON_A_CONNECTION = new LinkedHashMap<>();

  static {
    ON_A_CONNECTION.put("read", client -> client.reader().read(1));
    ON_A_CONNECTION.put("read into an array", client -> client.reader().read(new byte[1]));
    ON_A_CONNECTION.put("readExactly", client -> client.reader().readExactly(1));
    ON_A_CONNECTION.put("readUntil", client -> client.reader().readUntil(new byte[] {'\n'}));
    ON_A_CONNECTION.put("readLine", client -> client.reader().readLine());
    ON_A_CONNECTION.put("drain", client -> client.writer().drain());
  }

  static Stream<String> onAConnection() {
    return ON_A_CONNECTION.keySet().stream();
  }

  /** So much is there already that it lasts for longer than any limit of here. */
  @ParameterizedTest
  @MethodSource("onAConnection")
  void aTimeLimitStrikesRoundCallsOfAConnectionThatNeverSuspend(String which) throws Exception {
    int there = 1024 * 1024;
    run(() -> {
      try (var listening = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
        Connection client = openConnection(
            "127.0.0.1", listening.getLocalPort(), ConnectOptions.defaults().withLimit(there));
        Socket peer = listening.accept();
        Thread sender = Thread.ofPlatform().daemon().start(() -> sendLines(peer, 2 * there));
        var noX = assertThrows(
            LimitOverrunException.class, () -> client.reader().readUntil(new byte[] {'x'}));
        assertTrue(noX.consumed() >= there);
        assertTimesOut(() -> {
          for (int i = 0; i < there; i++) {
            computeForMicros(20);
            ON_A_CONNECTION.get(which).run(client);
          }
        });
        client.abort();
        Asyncio.blocking(() -> sender.join());
        peer.close();
      }
    });
  }

  private static void sendLines(Socket peer, int count) {
    try {
      peer.getOutputStream().write("\n".repeat(count).getBytes(UTF_8));
    } catch (IOException reset) {
      // The other end had enough.
    }
  }

  @Test
  void aValueThatIsThereIsGivenThoughTheLimitStrikesMeanwhile() {
    int[] got = {0};
    run(() -> {
      Future<Integer> done = done();
      assertTimesOut(() -> {
        computeFor(40);
        got[0] = done.await();
        while (true) {
          yieldNow();
        }
      });
    });
    assertEquals(1, got[0]);
  }

  @Test
  void aFailureThatIsThereIsGivenThoughTheLimitStrikesMeanwhile() {
    List<Throwable> got = new ArrayList<>();
    run(() -> {
      var failed = new Future<Integer>();
      failed.setException(new Failure("x"));
      assertTimesOut(() -> {
        computeFor(40);
        try {
          gather(List.of(done(), failed));
        } catch (Failure told) {
          got.add(told);
        }
        while (true) {
          yieldNow();
        }
      });
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
