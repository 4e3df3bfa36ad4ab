package asyncio;

import asyncio.internal.loop.Loop;
import asyncio.internal.loop.Sneaky;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The loop's own thread, on which a runner's calls are made one after the other while the caller
 * waits.
 */
final class Driver {
  private final Loop kernel;
  private final long stackSize;
  private final BlockingQueue<Job> jobs = new LinkedBlockingQueue<>();
  private @Nullable Thread thread;

  Driver(Loop kernel, long stackSize) {
    this.kernel = kernel;
    this.stackSize = stackSize;
  }

  private static final class Job {
    final Runnable work;
    final boolean last;
    final CountDownLatch done = new CountDownLatch(1);
    @Nullable Throwable failure;

    Job(Runnable work, boolean last) {
      this.work = work;
      this.last = last;
    }
  }

  /**
   * Runs {@code work} on the loop's own thread and waits; an interrupt of the caller calls {@code
   * interrupted}.
   */
  void call(Runnable work, Runnable interrupted) {
    Job job = submit(work, false);
    boolean flag = false;
    try {
      while (true) {
        try {
          job.done.await();
          break;
        } catch (InterruptedException e) {
          flag = true;
          interrupted.run();
        }
      }
    } finally {
      finish(flag);
    }
    rethrow(job);
  }

  /**
   * As {@link #call}, but calls {@code late} when it takes longer than {@code limit}; interrupts
   * are put off.
   */
  void callWithin(Duration limit, Runnable work, Runnable late) {
    Job job = submit(work, false);
    long deadline = System.nanoTime() + Durations.nanos(limit);
    boolean flag = false;
    boolean told = false;
    try {
      while (true) {
        try {
          if (told) {
            job.done.await();
            break;
          }
          if (job.done.await(Math.max(0, deadline - System.nanoTime()), TimeUnit.NANOSECONDS)) {
            break;
          }
          told = true;
          late.run();
        } catch (InterruptedException e) {
          flag = true;
        }
      }
    } finally {
      finish(flag);
    }
    rethrow(job);
  }

  /** Runs the last call, after which the thread ends, and waits for its end. */
  void last(Runnable work) {
    boolean flag = false;
    Job job = submit(work, true);
    Thread driving = thread;
    while (true) {
      try {
        job.done.await();
        if (driving != null) {
          driving.join();
        }
        break;
      } catch (InterruptedException e) {
        flag = true;
      }
    }
    finish(flag);
    rethrow(job);
  }

  private static void finish(boolean interrupted) {
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private static void rethrow(Job job) {
    Throwable failure = job.failure;
    if (failure != null) {
      throw Sneaky.rethrow(failure);
    }
  }

  private Job submit(Runnable work, boolean last) {
    var job = new Job(work, last);
    Thread running = thread;
    if (running == null) {
      running = kernel.newThread(stackSize, this::drive);
      // For what runs there without a task of its own: callbacks.
      running.setContextClassLoader(Thread.currentThread().getContextClassLoader());
      // The caller waits for it; between calls it keeps no JVM alive.
      running.setDaemon(true);
      thread = running;
      running.start();
    }
    jobs.add(job);
    return job;
  }

  private void drive() {
    while (true) {
      Job job;
      try {
        job = jobs.take();
      } catch (InterruptedException nobodyMeansThis) {
        continue;
      }
      try {
        job.work.run();
      } catch (Throwable failure) {
        job.failure = failure;
      } finally {
        job.done.countDown();
      }
      if (job.last) {
        return;
      }
    }
  }
}
