package asyncio;

import asyncio.internal.diagnosis.StuckInitializer;
import asyncio.internal.scheduler.Current;
import asyncio.internal.scheduler.LoopAction;
import asyncio.internal.scheduler.Scheduler;
import asyncio.internal.task.AbstractFuture;
import asyncio.internal.task.Futures;
import asyncio.internal.task.Listener;
import asyncio.internal.util.Durations;
import asyncio.internal.util.Sneaky;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The loop's own thread, and what it can be asked to do: run until something is done, run for ever,
 * and close the loop. Each is a job. Jobs are done one after another while the caller, a thread
 * that is not a coroutine, waits.
 *
 * <p>Uses monitors and plain classes, like other code that every program runs at startup: each
 * lambda there is a class that the JVM has to create at every start, and most of
 * java.util.concurrent is not in the JDK's own class archive.
 */
final class LoopThread implements Runnable {
  // In order: requests; one caller at a time; jobs and their callers; the thread.

  private final EventLoop loop;
  private final Scheduler scheduler;
  private final long stackSize;

  // Guarded by this.
  private final Queue<Job> jobs = new ArrayDeque<>();
  private @Nullable Thread thread;
  private boolean occupied;
  private boolean working;
  private boolean ending;

  /** Set if a caller had to abandon its job; see {@link StuckInitializer}. Any thread. */
  private volatile boolean abandoned;

  /**
   * Errors that ended runs; their callers have received them. Few, because programs end then.
   * Between runs.
   */
  private final List<Throwable> thrown = new ArrayList<>(0);

  /** What the current run waits for; null if it waits for nothing. Loop only. */
  private @Nullable Future<?> awaited;

  LoopThread(EventLoop loop, long stackSize) {
    this.loop = loop;
    this.scheduler = loop.scheduler;
    this.stackSize = stackSize;
  }

  // ---- requests: any thread except a coroutine ----

  /** Starts a task and runs until it is done. */
  void run(String what, Task<?> task) {
    drive(what, new Until(what, task, task));
    checkDone(task);
  }

  /** Runs until a future is done. */
  void runUntil(String what, Future<?> future) {
    if (future.loop() != loop) {
      throw new IllegalArgumentException(what
          + " of loop '"
          + loop.name()
          + "' was given "
          + future
          + ", which belongs to another event loop, '"
          + future.loop().name()
          + "'.");
    }
    drive(what, new Until(what, future, null));
    checkDone(future);
  }

  private void checkDone(Future<?> future) {
    if (!future.isDone()) {
      throw new IllegalStateException("The event loop '"
          + loop.name()
          + "' was stopped before "
          + future
          + " was done: stop() is for runForever(); a run ends by itself.");
    }
  }

  /** Runs until {@link EventLoop#stop}. */
  void runForever() {
    drive("runForever()", new Forever());
  }

  /** Does a job of a closing loop; the job is asked to end early if it exceeds the limit. */
  void doWithin(Duration limit, Job job) {
    submit(job);
    long deadline = Durations.realDeadline(limit);
    boolean flag = false;
    boolean told = false;
    try {
      while (true) {
        try {
          if (told) {
            job.await();
            break;
          }
          if (job.awaitUntil(deadline)) {
            break;
          }
          told = true;
          job.endEarly();
        } catch (InterruptedException e) {
          flag = true;
        }
      }
    } finally {
      restoreInterrupt(flag);
    }
    job.rethrow();
  }

  /** Closes the loop, which ends its thread, and waits for the thread. */
  void end() {
    Job last = new Shut();
    Thread driving;
    synchronized (this) {
      driving = submit(last);
      ending = true; // seen together with the job
    }
    boolean flag = false;
    while (true) {
      try {
        driving.join();
        break;
      } catch (InterruptedException e) {
        flag = true;
      }
    }
    restoreInterrupt(flag);
    last.rethrow();
  }

  /** Runs until {@code future} is done; interrupting the caller cancels it. */
  private final class Until extends Job {
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
      var stop = new Listener() {
        @Override
        protected void done(AbstractFuture<?> done) {
          scheduler.stop();
        }
      };
      if (future.isDone()) {
        scheduler.add(LoopAction.of(scheduler::stop)); // one turn
      } else {
        Futures.listen(future, stop);
      }
      awaited = future;
      try {
        runUntilStopped();
      } finally {
        awaited = null;
        Futures.removeListener(future, stop);
      }
    }

    @Override
    void endEarly() {
      future.cancel("the thread that called " + what + " was interrupted");
    }
  }

  private final class Forever extends Job {
    @Override
    void work() {
      runUntilStopped();
    }

    @Override
    void endEarly() {
      loop.stop();
    }
  }

  private final class Shut extends Job {
    @Override
    void work() {
      loop.shut();
    }
  }

  private void runUntilStopped() {
    try {
      scheduler.runUntilStopped();
    } catch (Throwable fatal) {
      thrown.add(fatal);
      throw fatal;
    }
  }

  /** Whether a run has already thrown this very object to its caller. Between runs. */
  @SuppressWarnings("ReferenceEquality") // this very object: an exception can't suppress itself
  boolean hasThrown(Throwable failure) {
    for (Throwable one : thrown) {
      if (one == failure) {
        return true;
      }
    }
    return false;
  }

  /** What the call that runs the loop waits for; null if it waits for nothing. Loop only. */
  @Nullable
  Future<?> awaited() {
    return awaited;
  }

  // ---- one caller at a time ----

  private void drive(String what, Job job) {
    refuseCoroutine(what);
    if (loop.isClosed()) {
      throw new IllegalStateException(
          what + " was called on the event loop '" + loop.name() + "', which is closed.");
    }
    if (!occupy()) {
      throw new IllegalStateException("The event loop '"
          + loop.name()
          + "' is already running, on another thread: give it more work with"
          + " runCoroutineThreadsafe(body, loop), or use a separate loop or runner for each"
          + " thread.");
    }
    try {
      call(what, job);
    } finally {
      if (job.isLeftAlone()) {
        abandoned = true;
      } else {
        leave();
      }
    }
  }

  /** Keeps others from driving the loop; returns false if somebody already does. */
  synchronized boolean occupy() {
    boolean free = !occupied;
    occupied = true;
    return free;
  }

  /** Lets others drive the loop again. */
  synchronized void leave() {
    occupied = false;
  }

  /** Whether a caller had to abandon its job, which continues without it. */
  boolean isAbandoned() {
    return abandoned;
  }

  /** Fails if called in a coroutine, which can't wait for a loop to run. */
  static void refuseCoroutine(String what) {
    Scheduler running = Current.scheduler();
    if (running != null) {
      throw new IllegalStateException(what
          + " was called inside the running event loop '"
          + running.name()
          + "'. A coroutine calls other coroutines directly, or starts them with createTask(()"
          + " -> …); run() is for the outermost one.");
    }
  }

  // ---- jobs and their callers ----

  /** Something to do once on the loop's own thread. */
  abstract static class Job {
    // Guarded by this.
    private boolean done;
    private @Nullable Throwable failure;

    // Used only by the caller.
    private boolean leftAlone;

    /** Does the job. On the loop's own thread. */
    abstract void work();

    /**
     * Asks the job to end early: its caller was interrupted, or it is late. On the caller's thread.
     */
    void endEarly() {}

    private synchronized void ended(@Nullable Throwable thrown) {
      failure = thrown;
      done = true;
      notifyAll();
    }

    /** Whether the caller could not wait for its end. By the caller. */
    private boolean isLeftAlone() {
      return leftAlone;
    }

    private synchronized void await() throws InterruptedException {
      while (!done) {
        wait();
      }
    }

    /** Returns false if it has not ended at {@code deadline}, a time of System.nanoTime. */
    private synchronized boolean awaitUntil(long deadline) throws InterruptedException {
      while (!done) {
        long left = deadline - System.nanoTime();
        if (left <= 0) {
          return false;
        }
        wait(Math.ceilDiv(left, 1_000_000L));
      }
      return true;
    }

    private synchronized void rethrow() {
      if (failure != null) {
        throw Sneaky.rethrow(failure);
      }
    }
  }

  /**
   * Does {@code job} and waits; interrupting the caller asks the job to end early.
   *
   * @param what the caller called, for the error if the job can't end before the caller continues
   * @throws IllegalStateException if the caller is in a class initialiser that the job needs; the
   *     job continues once the caller has left it
   */
  private void call(String what, Job job) {
    submit(job);
    boolean flag = false;
    boolean looked = false;
    @Nullable StuckInitializer initializer = null;
    try {
      while (true) {
        try {
          if (looked && initializer == null) {
            job.await();
            break;
          }
          if (job.awaitUntil(System.nanoTime() + StuckInitializer.LOOK_NANOS)) {
            break;
          }
          if (!looked) {
            looked = true;
            initializer = StuckInitializer.ofCaller(scheduler, what);
          }
          if (initializer != null) {
            job.leftAlone = true; // if look() throws
            initializer.look();
            job.leftAlone = false;
          }
        } catch (InterruptedException e) {
          flag = true;
          job.endEarly();
        }
      }
    } finally {
      restoreInterrupt(flag);
    }
    job.rethrow();
  }

  private static void restoreInterrupt(boolean interrupted) {
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private synchronized Thread submit(Job job) {
    if (ending) {
      throw new IllegalStateException("The event loop '"
          + loop.name()
          + "' was closed meanwhile, and can't run anything more.");
    }
    Thread running = thread;
    if (running == null) {
      running = scheduler.newThread(stackSize, this);
      // For what runs there without its own task: callbacks.
      running.setContextClassLoader(Thread.currentThread().getContextClassLoader());
      // The caller waits for it; between calls it must not keep the JVM alive.
      running.setDaemon(true);
      running.start();
      thread = running; // not earlier: if it can't be started, the next call tries again
    }
    jobs.add(job);
    if (!working) {
      scheduler.callWaits(true);
    }
    LockSupport.unpark(running);
    return running;
  }

  // ---- the thread ----

  /** The body of the loop's own thread. */
  @Override
  public void run() {
    for (Job job = next(); job != null; job = next()) {
      @Nullable Throwable failure = null;
      try {
        job.work();
      } catch (Throwable thrown) {
        failure = thrown;
      }
      job.ended(failure);
    }
  }

  private @Nullable Job next() {
    synchronized (this) {
      working = false;
    }
    while (true) {
      synchronized (this) {
        if (ending || !jobs.isEmpty()) {
          working = true;
          scheduler.callWaits(false);
          return jobs.poll();
        }
      }
      try {
        scheduler.standBy();
      } catch (Throwable noMemory) {
        // Tried again: without this thread, no later call would ever be served.
      }
    }
  }
}
