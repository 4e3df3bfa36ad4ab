package asyncio;

import static asyncio.internal.util.Stacks.REPORTED_TASKS;

import asyncio.internal.diagnosis.Logs;
import asyncio.internal.scheduler.Loop;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The calls that drive a loop: made on the loop's own thread, one at a time, while the caller, a
 * thread that is no coroutine, waits.
 */
final class LoopRuns {
  private final EventLoop loop;
  private final Driver driver;

  // Guarded by this.
  private boolean busy;

  /** A caller had to leave its job alone, see {@link StuckInitializer}. Any thread. */
  private volatile boolean abandoned;

  LoopRuns(EventLoop loop, long stackSize) {
    this.loop = loop;
    this.driver = new Driver(loop.kernel, stackSize);
  }

  /** Starts a task and runs until it is done. */
  void run(String what, Task<?> task) {
    drive(what, new Until(what, task, task));
    checkDone(task);
  }

  /** Runs until a future is done. */
  void until(String what, Future<?> future) {
    if (future.loop != loop) {
      throw new IllegalArgumentException(
          what
              + " of loop '"
              + loop.name()
              + "' was given "
              + future
              + " of another event loop, '"
              + future.loop.name()
              + "'.");
    }
    drive(what, new Until(what, future, null));
    checkDone(future);
  }

  /** Runs until {@code future} is done; an interrupt of the caller cancels it. */
  private final class Until extends Driver.Job {
    private final String what;
    private final Future<?> future;
    private final @Nullable Task<?> toStart;

    Until(String what, Future<?> future, @Nullable Task<?> toStart) {
      this.what = what;
      this.future = future;
      this.toStart = toStart;
    }

    @Override
    void work() {
      if (toStart != null) {
        toStart.start();
      }
      loop.runUntilDone(future);
    }

    @Override
    void endEarly() {
      future.cancel("the thread that called " + what + " was interrupted");
    }
  }

  private void checkDone(Future<?> future) {
    if (!future.isDone()) {
      throw new IllegalStateException(
          "The event loop '"
              + loop.name()
              + "' was stopped before "
              + future
              + " was done: stop() is for runForever(); a run ends by itself.");
    }
  }

  void forever() {
    drive(
        "runForever()",
        new Driver.Job() {
          @Override
          void work() {
            loop.runUntilStopped();
          }

          @Override
          void endEarly() {
            loop.stop();
          }
        });
  }

  private void drive(String what, Driver.Job job) {
    refuseCoroutine(what);
    if (loop.isClosed()) {
      throw new IllegalStateException(
          what + " was called on the event loop '" + loop.name() + "', which is closed.");
    }
    if (!occupy()) {
      throw new IllegalStateException(
          "The event loop '"
              + loop.name()
              + "' runs something already, on another thread: hand it more with"
              + " runCoroutineThreadsafe(body, loop), or use a loop or a runner for each thread.");
    }
    try {
      driver.call(what, job);
    } finally {
      if (job.isLeftAlone()) {
        abandoned = true;
      } else {
        leave();
      }
    }
  }

  boolean isAbandoned() {
    return abandoned;
  }

  private synchronized boolean occupy() {
    boolean free = !busy;
    busy = true;
    return free;
  }

  private synchronized void leave() {
    busy = false;
  }

  static void refuseCoroutine(String what) {
    Loop running = Loop.current();
    if (running != null) {
      throw new IllegalStateException(
          what
              + " was called inside the running event loop '"
              + running.name()
              + "'. A coroutine calls other coroutines directly, or starts them with createTask(()"
              + " -> …); run() is for the outermost one.");
    }
  }

  /** One job of a runner that closes; it is asked to end early when it takes longer. */
  void closing(Duration limit, Driver.Job job) {
    driver.callWithin(limit, job);
  }

  /** Closes the loop, after which its thread ends. */
  void end() {
    driver.last(
        new Driver.Job() {
          @Override
          void work() {
            loop.shut();
          }
        });
    ShutdownHook.remove(loop);
  }

  /** Closes a loop that nobody drives, with what is left in it. */
  void close() {
    if (loop.isClosed()) {
      return;
    }
    if (Loop.current() != loop.kernel) {
      refuseCoroutine("close()");
    }
    if (Loop.current() == loop.kernel || !occupy()) {
      throw new IllegalStateException(
          "close() was called while the event loop '"
              + loop.name()
              + "' runs: stop() it, and close it when the call that runs it has returned.");
    }
    Leaks leaks = loop.hasLeftovers() ? new Leaks(loop, false) : null;
    List<Task<?>> left = loop.leaveAllTasks();
    if (leaks != null) {
      leaks.settle(left);
    }
    end();
    if (leaks != null) {
      leaks.log(false);
    }
    if (!left.isEmpty()) {
      Logs.LOOP.log(
          System.Logger.Level.WARNING,
          "The event loop '"
              + loop.name()
              + "' was closed with tasks that had not ended and never will: "
              + String.join(
                  ", ",
                  left.stream()
                      .limit(REPORTED_TASKS)
                      .map(task -> task.name() + task.creationText())
                      .toList())
              + (left.size() > REPORTED_TASKS
                  ? " and " + (left.size() - REPORTED_TASKS) + " more"
                  : "")
              + ". Cancel and await them before, or use a Runner, which does.");
    }
    loop.reportUnretrievedToTheLog();
  }
}
