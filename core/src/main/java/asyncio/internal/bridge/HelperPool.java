package asyncio.internal.bridge;

import asyncio.internal.util.CreationSite;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedTransferQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Platform threads for calls that block the operating system's thread: files, name look-ups, other
 * people's code.
 *
 * <p>Not a ThreadPoolExecutor, because jobs come from coroutines: submitting must not take a lock
 * (a coroutine would switch in the middle of a step). The queue is lock-free, and so is the rest.
 */
public final class HelperPool {
  private static final long IDLE_SECONDS = 5;

  /** So many that were withdrawn may stand in the queue, beside as many as wait. */
  private static final int SWEEP_AFTER = 64;

  private final String name;
  private final int limit;
  private final int room;
  private final LinkedTransferQueue<Submitted> jobs = new LinkedTransferQueue<>();

  /** How many were submitted, and neither taken by a thread nor withdrawn. */
  private final AtomicInteger waiting = new AtomicInteger();

  /** How many were withdrawn since the queue was swept. */
  private final AtomicInteger withdrawn = new AtomicInteger();

  private final AtomicInteger threads = new AtomicInteger();
  private final AtomicInteger names = new AtomicInteger();
  private final Set<Thread> live = ConcurrentHashMap.newKeySet();
  private volatile boolean closed;

  /** Ends the thread that takes it. */
  private final Submitted end = new Submitted(() -> {});

  /**
   * A job, until a thread has taken it: who takes the Runnable out of here, by one atomic step,
   * runs it or has withdrawn it. Any thread.
   */
  public final class Submitted {
    private final AtomicReference<@Nullable Runnable> job;

    private Submitted(Runnable job) {
      this.job = new AtomicReference<>(job);
    }

    private @Nullable Runnable take() {
      Runnable taken = job.getAndSet(null);
      if (taken != null) {
        waiting.decrementAndGet();
      }
      return taken;
    }

    /** Gives the job up; returns false when a thread has taken it. Never blocks. */
    public boolean withdraw() {
      if (take() == null) {
        return false;
      }
      // What is left of it goes when such leftovers are most of what stands in the queue: to look
      // for each there would cost the square of their number.
      if (withdrawn.incrementAndGet() > SWEEP_AFTER + waiting.get()) {
        withdrawn.set(0);
        jobs.removeIf(each -> each != end && each.job.get() == null);
      }
      return true;
    }
  }

  /**
   * An empty pool where any number of jobs may wait.
   *
   * @param name of the threads, which get a number behind it
   * @param limit how many threads there are at most
   */
  public HelperPool(String name, int limit) {
    this(name, limit, Integer.MAX_VALUE);
  }

  /**
   * An empty pool.
   *
   * @param name of the threads, which get a number behind it
   * @param limit how many threads there are at most
   * @param room how many jobs may wait for one
   */
  public HelperPool(String name, int limit, int room) {
    this.name = name;
    this.limit = limit;
    this.room = room;
  }

  /**
   * Runs a job on a helper thread, after those before it when all are busy. Any thread; never
   * blocks.
   *
   * @throws RejectedExecutionException if too many jobs wait already
   */
  public Submitted submit(Runnable job) {
    if (closed) {
      throw new IllegalStateException(
          "The helper threads '" + name + "' are shut down with their loop.");
    }
    var submitted = new Submitted(job);
    if (waiting.incrementAndGet() > room) {
      submitted.take();
      throw new RejectedExecutionException(
          room + " jobs wait for the helper threads '" + name + "'");
    }
    if (jobs.tryTransfer(submitted)) {
      return submitted;
    }
    boolean started;
    try {
      started = startThread(submitted);
    } catch (Throwable failure) {
      submitted.take();
      throw failure;
    }
    if (started) {
      return submitted;
    }
    try {
      jobs.put(submitted);
      // The last thread may have looked for jobs, and ended, before this one was there. It counts
      // itself out before it looks, and here the order is the other way round: one sees the other.
      if (threads.get() < limit) {
        startThread(null);
      }
    } catch (Throwable failure) {
      // Either the job fails here or it runs: another thread may have taken it meanwhile.
      if (submitted.withdraw()) {
        throw failure;
      }
    }
    return submitted;
  }

  private boolean startThread(@Nullable Submitted first) {
    while (true) {
      int now = threads.get();
      if (now >= limit) {
        return false;
      }
      if (threads.compareAndSet(now, now + 1)) {
        break;
      }
    }
    try {
      Thread thread =
          Thread.ofPlatform()
              .daemon()
              .inheritInheritableThreadLocals(false)
              .name(name + "-" + names.incrementAndGet())
              .unstarted(() -> work(first));
      live.add(thread);
      thread.start();
      return true;
    } catch (Throwable failure) {
      threads.decrementAndGet();
      live.removeIf(thread -> thread.getState() == Thread.State.NEW);
      throw failure;
    }
  }

  private void work(@Nullable Submitted first) {
    Submitted next = first;
    try {
      while (true) {
        if (next == end) {
          return;
        }
        Runnable job = next == null ? null : next.take();
        next = null; // or an idle thread would keep it alive
        if (job != null) {
          job.run();
          // A flag that the job left must not strike the next one.
          Thread.interrupted();
        }
        next = jobs.poll(IDLE_SECONDS, TimeUnit.SECONDS);
        if (next == null) {
          return;
        }
      }
    } catch (InterruptedException stop) {
      // Only the idle wait is interruptible from outside: the thread ends.
    } finally {
      live.remove(Thread.currentThread());
      threads.decrementAndGet();
      // A job put while this thread was on its way out must not wait for ever.
      Submitted left = jobs.peek();
      if (left != null && left != end) {
        startThread(null);
      }
    }
  }

  /** Takes no more jobs; idle threads end at once, busy ones after what was submitted. */
  public void close() {
    closed = true;
    for (int i = threads.get(); i > 0; i--) {
      jobs.put(end);
    }
  }

  /**
   * After {@link #close}: waits for the threads to end and returns those that have not in time: the
   * name, and where the job begins.
   *
   * @param deadline a time of System.nanoTime
   */
  public List<String> awaitEnd(long deadline) {
    boolean interrupted = false;
    List<String> left = new ArrayList<>();
    for (Thread thread : live) {
      try {
        while (thread.getState() == Thread.State.NEW && live.contains(thread)) {
          Thread.onSpinWait(); // somebody is just about to start it
        }
        if (thread.getState() == Thread.State.NEW) {
          continue; // it could not be started
        }
        long nanos = Math.max(1, deadline - System.nanoTime());
        if (!thread.join(Duration.ofNanos(nanos))) {
          left.add(describe(thread));
        }
      } catch (InterruptedException e) {
        interrupted = true;
        left.add(describe(thread));
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    return left;
  }

  private static String describe(Thread working) {
    StackTraceElement begins = CreationSite.bodyIn(working.getStackTrace());
    return working.getName() + (begins == null ? "" : " (its body begins at " + begins + ")");
  }

  /** How many threads live. */
  public int threads() {
    return threads.get();
  }
}
