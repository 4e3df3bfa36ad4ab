package asyncio.loop;

import static asyncio.Asyncio.blocking;
import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.runningLoop;
import static asyncio.Asyncio.sleep;
import static asyncio.Asyncio.toThread;
import static asyncio.Asyncio.yieldNow;
import static asyncio.support.Texts.assertContains;
import static java.time.Duration.ofDays;
import static java.time.Duration.ofMillis;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.Asyncio;
import asyncio.CancelledError;
import asyncio.CarrierKind;
import asyncio.EventLoop;
import asyncio.Future;
import asyncio.RunOptions;
import asyncio.Runner;
import asyncio.support.CapturedLog;
import asyncio.support.Latches;
import asyncio.support.Only;
import asyncio.support.Order;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The end of a loop: what is cancelled, waited for, left behind and told. */
class CloseTest {
  private CapturedLog log;

  @BeforeEach
  void capture() {
    log = new CapturedLog("asyncio.loop");
  }

  @AfterEach
  void release() {
    log.close();
  }

  private static Runner impatient(String name) {
    return new Runner(RunOptions.defaults().withName(name).withCloseTimeout(ofMillis(30)));
  }

  private List<String> warnings() {
    return log.records().stream()
        .filter(
            record -> record.getLevel().intValue() >= java.util.logging.Level.WARNING.intValue())
        .map(java.util.logging.LogRecord::getMessage)
        .toList();
  }

  @Test
  void coroutinesInForeignCodeAreNudgedAndWaitedFor() {
    var ended = new AtomicBoolean();
    Asyncio.run(() -> {
      createTask(() -> {
        try {
          blocking(() -> new LinkedBlockingQueue<String>().take());
        } catch (InterruptedException nudge) {
          assertThrows(CancelledError.class, Asyncio::yieldNow);
          yieldNow();
          ended.set(true);
        }
      });
      yieldNow();
      yieldNow();
    });
    assertTrue(ended.get());
    assertEquals(List.of(), warnings());
  }

  @Test
  void aSurvivorInForeignCodeIsReportedByNameAndStack() throws Exception {
    var latch = new CountDownLatch(1);
    var later = new CompletableFuture<Throwable>();
    try (var runner = impatient("short")) {
      runner.run(() -> {
        createTask("stubborn", () -> {
          try {
            blocking(() -> Latches.awaitUninterruptibly(latch));
            yieldNow();
            later.complete(null);
          } catch (Throwable failure) {
            later.complete(failure);
          }
        });
        yieldNow();
        yieldNow();
      });
    }
    assertEquals(1, warnings().size(), () -> warnings().toString());
    String message = warnings().getFirst();
    assertContains(message, "'stubborn'", "'short'", "30 ms", "awaitUninterruptibly");

    latch.countDown();
    Throwable error = later.get(10, TimeUnit.SECONDS);
    assertTrue(error instanceof IllegalStateException, String.valueOf(error));
    assertContains(error.getMessage(), "closed", "'short'");
  }

  @Test
  void aSurvivorThatSwallowsItsCancelIsReportedWithWhatItWaitsFor() {
    try (var runner = impatient("short")) {
      runner.run(() -> {
        createTask("swallows", () -> {
          try {
            sleep(ofDays(1));
          } catch (CancelledError swallowed) {
            sleep(ofDays(1));
          }
        });
        yieldNow();
      });
    }
    assertEquals(1, warnings().size(), () -> warnings().toString());
    assertContains(warnings().getFirst(), "'swallows'", "waits for sleep");
  }

  @Test
  void aTaskThatNeverStopsYieldingIsReported() {
    var stop = new AtomicBoolean();
    try (var runner = impatient("short")) {
      runner.run(() -> {
        createTask("endless", () -> {
          while (!stop.get()) {
            try {
              yieldNow();
            } catch (CancelledError swallowed) {
              // goes on
            }
          }
        });
        yieldNow();
      });
    }
    stop.set(true);
    assertContains(warnings().getFirst(), "'endless'");
  }

  @Test
  void helperThreadsThatStillWorkAreReported() throws Exception {
    var begun = new CountDownLatch(1);
    var latch = new CountDownLatch(1);
    try (var runner = impatient("short")) {
      runner.run(() -> {
        createTask(() -> toThread(() -> {
          begun.countDown();
          latch.await();
        }));
        yieldNow();
        toThread(() -> begun.await());
      });
    }
    latch.countDown();
    assertEquals(1, warnings().size(), () -> warnings().toString());
    assertContains(warnings().getFirst(), "short-helper-");
  }

  @Test
  void aResultThatAHelperDeliversAfterTheCloseIsClosed() throws Exception {
    var begun = new CountDownLatch(1);
    var latch = new CountDownLatch(1);
    var closed = new CountDownLatch(1);
    AutoCloseable resource = closed::countDown;
    try (var runner = impatient("short")) {
      runner.run(() -> {
        createTask(() -> toThread(() -> {
          begun.countDown();
          latch.await();
          return resource;
        }));
        yieldNow();
        toThread(() -> begun.await());
      });
    }
    latch.countDown();
    assertTrue(closed.await(10, TimeUnit.SECONDS));
  }

  @Test
  void tasksMadeWhileClosingAreWaitedForToo() {
    var order = new Order();
    Asyncio.run(() -> {
      createTask(() -> {
        try {
          sleep(ofDays(1));
        } finally {
          createTask(() -> {
            yieldNow();
            order.add("made while closing");
          });
        }
      });
      yieldNow();
    });
    order.assertIs("made while closing");
  }

  @Test
  void aThreadThatWaitsForAFutureIsReleasedWithAnError() throws Exception {
    var handedOver = new CompletableFuture<Future<Integer>>();
    var waiting = new CountDownLatch(1);
    var thrown = new CompletableFuture<Throwable>();
    Thread.ofPlatform().start(() -> {
      try {
        var future = handedOver.join();
        waiting.countDown();
        future.get();
        thrown.complete(null);
      } catch (Throwable failure) {
        thrown.complete(failure);
      }
    });
    Asyncio.run(() -> {
      handedOver.complete(new Future<Integer>());
      toThread(() -> waiting.await());
    });
    Throwable error = thrown.get(10, TimeUnit.SECONDS);
    assertTrue(error instanceof IllegalStateException, String.valueOf(error));
    assertContains(error.getMessage(), "closed");
  }

  @Test
  void aForeignWakeUpAfterTheCloseNeverThrowsInTheWaker() throws Exception {
    Only.mounted("on the portable carrier nobody else's threads run on the loop");
    var queue = new LinkedBlockingQueue<String>();
    var got = new CompletableFuture<String>();
    try (var runner = impatient("short")) {
      runner.run(() -> {
        createTask(() -> {
          while (!got.isDone()) {
            try {
              got.complete(queue.take());
            } catch (InterruptedException swallowed) {
              // goes on waiting
            }
          }
        });
        yieldNow();
      });
    }
    queue.put("item");
    assertEquals("item", got.get(10, TimeUnit.SECONDS));
  }

  /** A virtual thread's text ends with the name of the thread that carries it. */
  private static String carrierOfCurrentThread() {
    String text = Thread.currentThread().toString();
    return text.substring(text.indexOf('@') + 1);
  }

  @Test
  void whatGoesOnAfterTheCloseSharesOneDaemonThreadThatEnds() throws Exception {
    Only.mounted("on the portable carrier the JDK schedules all virtual threads");
    var latch = new CountDownLatch(1);
    var carriers = new LinkedBlockingQueue<String>();
    var daemons = new LinkedBlockingQueue<Boolean>();
    try (var runner = impatient("gone")) {
      runner.run(() -> {
        for (int i = 0; i < 3; i++) {
          createTask(() -> {
            Latches.awaitUninterruptibly(latch);
            String carrier = carrierOfCurrentThread();
            daemons.add(Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().equals(carrier))
                .allMatch(Thread::isDaemon));
            carriers.add(carrier);
          });
        }
        yieldNow();
      });
    }
    assertEquals(3, warnings().size(), () -> warnings().toString());
    latch.countDown();
    for (int i = 0; i < 3; i++) {
      assertEquals("gone-afterlife", carriers.poll(10, TimeUnit.SECONDS));
      assertTrue(daemons.take());
    }
    untilNoThreadIsCalled("gone");
  }

  private static void untilNoThreadIsCalled(String prefix) {
    long deadline = System.nanoTime() + 10_000_000_000L;
    List<String> left;
    do {
      left = Thread.getAllStackTraces().keySet().stream()
          .map(Thread::getName)
          .filter(name -> name.startsWith(prefix))
          .toList();
      Thread.onSpinWait();
    } while (!left.isEmpty() && System.nanoTime() < deadline);
    assertEquals(List.of(), left);
  }

  @Test
  void aVirtualThreadStartedInACoroutineGoesOnAfterTheClose() throws Exception {
    var queue = new LinkedBlockingQueue<String>();
    var got = new CompletableFuture<String>();
    Asyncio.run(() -> {
      Thread.startVirtualThread(() -> {
        try {
          got.complete(queue.take());
        } catch (InterruptedException e) {
          got.completeExceptionally(e);
        }
      });
      yieldNow();
      yieldNow();
    });
    queue.put("item");
    assertEquals("item", got.get(10, TimeUnit.SECONDS));
  }

  @Test
  void noThreadOfOursIsLeft() throws Exception {
    Set<Thread> before = Thread.getAllStackTraces().keySet();
    Asyncio.run(() -> {
      toThread(() -> {});
      createTask(() -> sleep(ofDays(1)));
      runningLoop().callSoon(() -> {});
      yieldNow();
    });
    long deadline = System.nanoTime() + 5_000_000_000L;
    List<String> left;
    do {
      left = Thread.getAllStackTraces().keySet().stream()
          .filter(thread -> !before.contains(thread))
          .map(Thread::getName)
          .filter(name -> name.startsWith("asyncio"))
          .toList();
      Thread.onSpinWait();
    } while (!left.isEmpty() && System.nanoTime() < deadline);
    assertEquals(List.of(), left);
  }

  @Test
  void aSurvivorsThreadHasNoCurrentTask() throws Exception {
    var latch = new CountDownLatch(1);
    var seen = new CompletableFuture<String>();
    try (var runner = impatient("short")) {
      runner.run(() -> {
        createTask(() -> {
          try {
            blocking(() -> Latches.awaitUninterruptibly(latch));
          } finally {
            seen.complete("task " + Asyncio.currentTask());
          }
        });
        yieldNow();
        yieldNow();
      });
    }
    latch.countDown();
    assertEquals("task null", seen.get(10, TimeUnit.SECONDS));
  }

  @Test
  void afterTheCloseFuturesCanBeReadAndNotCompleted() {
    Future<Integer> done = Asyncio.run(() -> done(3));
    assertEquals(3, done.result());
    Future<Integer> pending = Asyncio.run(() -> new Future<Integer>());
    assertFalse(pending.cancel());
    assertThrows(IllegalStateException.class, () -> pending.setResult(1));
    assertThrows(IllegalStateException.class, pending::get);
    assertNull(Asyncio.currentTask());
  }

  private static Future<Integer> done(int value) {
    var future = new Future<Integer>();
    future.setResult(value);
    return future;
  }

  /** Where a virtual thread stands that waits for {@code latch} on one of our loops. */
  private static void awaitComingBack(Thread thread) {
    boolean mounted = Asyncio.carrier() == CarrierKind.MOUNTED;
    while (true) {
      Thread.State state = thread.getState();
      boolean inLatch = List.of(thread.getStackTrace()).stream()
          .anyMatch(frame -> frame.getClassName().contains("CountDownLatch"));
      if (mounted ? state == Thread.State.RUNNABLE : state == Thread.State.WAITING && !inLatch) {
        return;
      }
      Thread.onSpinWait();
    }
  }

  @Test
  void whatComesBackBetweenTheLastStepAndTheCloseIsCleanedUp() throws Exception {
    var gate = new CountDownLatch(1);
    var cleaned = new CountDownLatch(1);
    var thread = new CompletableFuture<Thread>();
    EventLoop loop = Asyncio.newEventLoop();
    loop.runUntilComplete(() -> {
      createTask(() -> {
        thread.complete(Thread.currentThread());
        try {
          blocking(() -> gate.await());
        } finally {
          cleaned.countDown();
        }
      });
      yieldNow();
      yieldNow();
    });
    gate.countDown();
    awaitComingBack(thread.get());
    loop.close();
    assertTrue(cleaned.await(20, TimeUnit.SECONDS));
  }
}
