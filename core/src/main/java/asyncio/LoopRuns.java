package asyncio;

import asyncio.internal.loop.Logs;
import asyncio.internal.loop.Loop;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The calls that drive a loop: made on the loop's own thread, one at a time, while the caller, a
 * thread that is no coroutine, waits.
 */
final class LoopRuns {
  private final EventLoop loop;
  private final Driver driver;
  private final AtomicBoolean busy = new AtomicBoolean();

  LoopRuns(EventLoop loop, long stackSize) {
    this.loop = loop;
    this.driver = new Driver(loop.kernel, stackSize);
  }

  /** Starts a task and runs until it is done. */
  void run(String what, Task<?> task) {
    drive(
        what,
        () -> {
          task.start();
          loop.runUntilDone(task);
        },
        () -> task.cancel("the thread that called " + what + " was interrupted"));
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
    drive(
        what,
        () -> loop.runUntilDone(future),
        () -> future.cancel("the thread that called " + what + " was interrupted"));
    checkDone(future);
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
    drive("runForever()", loop.kernel::runUntilStopped, loop::stop);
  }

  private void drive(String what, Runnable work, Runnable interrupted) {
    refuseCoroutine(what);
    if (loop.isClosed()) {
      throw new IllegalStateException(
          what + " was called on the event loop '" + loop.name() + "', which is closed.");
    }
    if (!busy.compareAndSet(false, true)) {
      throw new IllegalStateException(
          "The event loop '"
              + loop.name()
              + "' runs something already, on another thread: hand it more with"
              + " runCoroutineThreadsafe(body, loop), or use a loop or a runner for each thread.");
    }
    try {
      driver.call(work, interrupted);
    } finally {
      busy.set(false);
    }
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

  /** One call of a runner that closes; calls {@code late} when it takes longer than the limit. */
  void closingCall(Duration limit, Runnable work, Runnable late) {
    driver.callWithin(limit, work, late);
  }

  /** Closes the loop, after which its thread ends. */
  void end() {
    driver.last(loop::shut);
    ShutdownHook.remove(loop);
  }

  /** Closes a loop that nobody drives, with what is left in it. */
  void close() {
    if (loop.isClosed()) {
      return;
    }
    Loop running = Loop.current();
    if (running == loop.kernel || !busy.compareAndSet(false, true)) {
      throw new IllegalStateException(
          "close() was called while the event loop '"
              + loop.name()
              + "' runs: stop() it, and close it when the call that runs it has returned.");
    }
    refuseCoroutine("close()");
    List<Task<?>> left = loop.leaveAllTasks();
    end();
    if (!left.isEmpty()) {
      Logs.LOOP.log(
          System.Logger.Level.WARNING,
          "The event loop '"
              + loop.name()
              + "' was closed with tasks that had not ended and never will: "
              + String.join(", ", left.stream().map(Task::name).toList())
              + ". Cancel and await them before, or use a Runner, which does.");
    }
    loop.reportUnretrievedToTheLog();
  }
}
