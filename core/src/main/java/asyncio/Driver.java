package asyncio;

import asyncio.internal.scheduler.Loop;
import asyncio.internal.util.Durations;
import asyncio.internal.util.Sneaky;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The loop's own thread, on which a runner's jobs are done one after the other while the caller
 * waits.
 *
 * <p>Monitors and plain classes, here and elsewhere on the way of a program that starts: each
 * lambda there is a class that the JVM has to make at every start, and most of java.util.concurrent
 * is not in the JDK's own archive of classes.
 */
final class Driver implements Runnable {
  private final Loop kernel;
  private final long stackSize;

  // Guarded by this.
  private final Queue<Job> jobs = new ArrayDeque<>();
  private @Nullable Thread thread;
  private boolean closing;
  private boolean working;

  Driver(Loop kernel, long stackSize) {
    this.kernel = kernel;
    this.stackSize = stackSize;
  }

  /** Something to do on the loop's own thread, once. */
  abstract static class Job {
    // Guarded by this.
    private boolean done;
    private @Nullable Throwable failure;

    // The caller's own.
    private boolean leftAlone;

    /** Does it. On the loop's own thread. */
    abstract void work();

    /** Asks it to end early: its caller was interrupted, or it is late. On the caller's thread. */
    void endEarly() {}

    private synchronized void ended(@Nullable Throwable thrown) {
      failure = thrown;
      done = true;
      notifyAll();
    }

    /** Whether its caller could not wait for its end. By the caller. */
    boolean isLeftAlone() {
      return leftAlone;
    }

    private synchronized void await() throws InterruptedException {
      while (!done) {
        wait();
      }
    }

    /** Returns false when it has not ended at {@code deadline}, a time of System.nanoTime. */
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
   * Does {@code job} and waits; an interrupt of the caller asks it to end early.
   *
   * @param what the caller called, for the error where the job can't end before the caller goes on
   * @throws IllegalStateException if the caller stands in a class initialiser that the job needs;
   *     it goes on when the caller has left that
   */
  void call(String what, Job job) {
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
            initializer = StuckInitializer.ofCaller(kernel, what);
          }
          if (initializer != null) {
            job.leftAlone = true; // if that throws
            initializer.look();
            job.leftAlone = false;
          }
        } catch (InterruptedException e) {
          flag = true;
          job.endEarly();
        }
      }
    } finally {
      finish(flag);
    }
    job.rethrow();
  }

  /**
   * As {@link #call}, but asks it to end early when it takes longer than {@code limit}; interrupts
   * are put off.
   */
  void callWithin(Duration limit, Job job) {
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
      finish(flag);
    }
    job.rethrow();
  }

  /** Does the last job, after which the thread ends, and waits for its end. */
  void last(Job job) {
    Thread driving;
    synchronized (this) {
      driving = submit(job);
      closing = true; // seen together with the job
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
    finish(flag);
    job.rethrow();
  }

  private static void finish(boolean interrupted) {
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private synchronized Thread submit(Job job) {
    if (closing) {
      throw new IllegalStateException(
          "The event loop '" + kernel.name() + "' was closed meanwhile: it runs nothing more.");
    }
    Thread running = thread;
    if (running == null) {
      running = kernel.newThread(stackSize, this);
      // For what runs there without a task of its own: callbacks.
      running.setContextClassLoader(Thread.currentThread().getContextClassLoader());
      // The caller waits for it; between calls it keeps no JVM alive.
      running.setDaemon(true);
      running.start();
      thread = running; // only now: where it can't be started, the next call tries again
    }
    jobs.add(job);
    if (!working) {
      kernel.callWaits(true);
    }
    LockSupport.unpark(running);
    return running;
  }

  private @Nullable Job next() {
    synchronized (this) {
      working = false;
    }
    while (true) {
      synchronized (this) {
        if (closing || !jobs.isEmpty()) {
          working = true;
          kernel.callWaits(false);
          return jobs.poll();
        }
      }
      kernel.standBy();
    }
  }

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
}
