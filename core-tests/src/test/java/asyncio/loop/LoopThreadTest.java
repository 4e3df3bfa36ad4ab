package asyncio.loop;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.currentTask;
import static asyncio.Asyncio.runningLoop;
import static asyncio.Asyncio.sleep;
import static asyncio.Asyncio.yieldNow;
import static java.time.Duration.ZERO;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;

import asyncio.Action;
import asyncio.Asyncio;
import asyncio.CarrierKind;
import asyncio.Clock;
import asyncio.Event;
import asyncio.EventLoop;
import asyncio.Future;
import asyncio.RunOptions;
import asyncio.Runner;
import asyncio.support.Failure;
import asyncio.support.Only;
import asyncio.support.Order;
import asyncio.testing.AsyncTest;
import asyncio.testing.VirtualClock;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.Test;

/** The loop's own thread: what it is, what wakes it, and what never runs on it. */
class LoopThreadTest {
  /** The system's clock, which sees the loop's own thread whenever that has nothing to do. */
  private static final class Watching implements Clock {
    volatile Thread loopThread;
    volatile boolean sawAFlag;
    final Semaphore idles = new Semaphore(0);

    @Override
    public long nanoTime() {
      return Clock.system().nanoTime();
    }

    @Override
    public long idle(long next, Activity activity) {
      loopThread = Thread.currentThread();
      sawAFlag |= loopThread.isInterrupted();
      idles.release();
      return Clock.system().idle(next, activity);
    }
  }

  @Test
  void theLoopHasAThreadOfItsNameAndItIsNoCoroutine() {
    var clock = new Watching();
    var options = RunOptions.defaults().withClock(clock).withName("of its own");
    try (var runner = new Runner(options)) {
      Thread coroutine = runner.run(() -> {
        while (clock.loopThread == null) {
          sleep(ofMillis(1));
        }
        return Thread.currentThread();
      });
      assertEquals("of its own", clock.loopThread.getName());
      assertNotSame(coroutine, clock.loopThread);
      assertNotSame(Thread.currentThread(), clock.loopThread);
      // A carrier can't be a virtual thread; without one the loop is faster as one.
      assertEquals(runner.loop().carrier() == CarrierKind.PORTABLE, clock.loopThread.isVirtual());
    }
  }

  @Test
  void anInterruptOfTheLoopsThreadDoesNotMakeItSpin() throws Exception {
    interruptWhileIdle(() -> {});
  }

  @Test
  void anInterruptOfTheLoopsThreadInItsSelectorDoesNotMakeItSpin() throws Exception {
    interruptWhileIdle(() -> Asyncio.startServer(client -> {}, "127.0.0.1", 0));
  }

  private static void interruptWhileIdle(Action<Exception> before) throws Exception {
    var clock = new Watching();
    try (var runner = new Runner(RunOptions.defaults().withClock(clock))) {
      EventLoop loop = runner.loop();
      var enough = loop.<Void>createFuture();
      var stranger = new Thread(() -> {
        for (int i = 0; i < 3; i++) {
          clock.idles.acquireUninterruptibly(); // about to sleep, or asleep
          clock.loopThread.interrupt();
        }
        // It woke, slept again, and had no flag that would end each sleep at once.
        clock.idles.acquireUninterruptibly();
        loop.callSoonThreadsafe(() -> enough.setResult(null));
      });
      runner.run(() -> {
        before.run();
        clock.idles.drainPermits();
        stranger.start();
        enough.await();
      });
      stranger.join();
    }
    assertFalse(clock.sawAFlag, "the flag was still set when the loop went to sleep again");
  }

  @Test
  void everyKindOfUserCallbackRunsOnACoroutine() {
    Set<String> wrong = new LinkedHashSet<>();
    List<String> called = new ArrayList<>();
    try (var runner = new Runner(RunOptions.defaults().withClock(new VirtualClock()))) {
      runner.run(() -> {
        EventLoop loop = runningLoop();
        interface Seen {
          void in(String kind);
        }
        Seen seen = kind -> {
          called.add(kind);
          // A coroutine knows its loop; the loop's own thread does not.
          if (!Thread.currentThread().isVirtual() || runningLoop() != loop) {
            wrong.add(kind + " on " + Thread.currentThread());
          }
        };
        loop.setExceptionHandler((on, context) -> seen.in("exception handler"));
        loop.callSoon(() -> seen.in("callSoon"));
        loop.callSoonThreadsafe(() -> seen.in("callSoonThreadsafe"));
        loop.callLater(ZERO, () -> seen.in("callLater"));
        loop.callSoon(() -> {
          throw new Failure("for the handler");
        });
        var future = new Future<Integer>();
        future.addDoneCallback(done -> seen.in("done callback"));
        future.setResult(1);
        AutoCloseable lost = () -> seen.in("close of a lost result");
        createTask(() -> {
          currentTask().cancel();
          return lost;
        });
        sleep(ofSeconds(1));
      });
    }
    assertEquals(Set.of(), wrong);
    assertEquals(6, Set.copyOf(called).size(), called::toString);
  }

  @AsyncTest
  void consecutiveCallbacksShareOneCoroutine() {
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      runningLoop().callSoon(() -> threads.add(Thread.currentThread()));
    }
    yieldNow();
    runningLoop().callSoon(() -> threads.add(Thread.currentThread()));
    yieldNow();
    assertEquals(4, threads.size());
    threads.forEach(thread -> assertSame(threads.getFirst(), thread));
    assertNotSame(Thread.currentThread(), threads.getFirst());
  }

  @AsyncTest
  void aLogMayNeedALockThatACoroutineHolds() {
    Only.mounted("on the portable carrier a lock held across a wait is a deadlock, and told so");
    runningLoop().setExceptionHandler(null);
    Object lock = new Object();
    var order = new Order();
    var logger = Logger.getLogger("asyncio.task");
    var handler = new Handler() {
      @Override
      public void publish(LogRecord record) {
        synchronized (lock) {
          order.add("logged");
        }
      }

      @Override
      public void flush() {}

      @Override
      public void close() {}
    };
    logger.setUseParentHandlers(false);
    logger.addHandler(handler);
    try {
      var release = new Event();
      var holder = createTask(() -> {
        synchronized (lock) {
          release.await();
          order.add("released");
        }
      });
      yieldNow();
      runningLoop().callSoon(() -> {
        throw new Failure("to be logged");
      });
      yieldNow();
      createTask(() -> order.add("others go on")).await();
      release.set();
      holder.await();
      for (int i = 0; i < 1_000_000 && order.size() < 3; i++) {
        yieldNow();
      }
      order.assertIs("others go on", "released", "logged");
    } finally {
      logger.removeHandler(handler);
      logger.setUseParentHandlers(true);
    }
  }
}
