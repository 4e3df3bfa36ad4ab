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
 * Platform threads for calls that block the operating system's thread: files, name look-ups,
 * foreign code.
 *
 * <p>This is not a ThreadPoolExecutor, because jobs come from coroutines: its one lock for all
 * workers would be contended, and a coroutine that waits for a lock holds up its whole loop. The
 * queue here is lock-free; only starting a thread may take locks of the JDK.
 */
public final class HelperPool {
  /** For files, of all loops: a disk is served best by a few threads. */
  public static final HelperPool FILES = new HelperPool("asyncio-file", 16);

  /**
   * A thread for each stream that blocks, of all loops: any bound could be used up by streams that
   * wait for one another.
   */
  public static final HelperPool STREAMS = new HelperPool("asyncio-stream", Integer.MAX_VALUE);

  private static final long IDLE_SECONDS = 5;

  /** How many withdrawn jobs may be in the queue, in addition to as many as are waiting. */
  private static final int SWEEP_AFTER = 64;

  private final String name;
  private final int limit;
  private final int room;
  private final LinkedTransferQueue<Submitted> jobs = new LinkedTransferQueue<>();

  /** Jobs that were submitted, and neither taken by a thread nor withdrawn. */
  private final AtomicInteger waiting = new AtomicInteger();

  /** Jobs withdrawn since the queue was last swept. */
  private final AtomicInteger withdrawn = new AtomicInteger();

  private final AtomicInteger threads = new AtomicInteger();
  private final AtomicInteger names = new AtomicInteger();
  private final Set<Thread> live = ConcurrentHashMap.newKeySet();
  private volatile boolean closed;

  /** Ends the thread that takes it. */
  private final Submitted end = new Submitted(() -> {});

  /**
   * Holds a job until it is taken: the thread that takes the Runnable, in one atomic step, either
   * runs the job or has thereby withdrawn it. Any thread.
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

    /** Withdraws the job; returns false if a thread has already taken it. Never blocks. */
    public boolean withdraw() {
      if (take() == null) {
        return false;
      }
      // Withdrawn jobs are removed once they are most of the queue: searching it for each one would
      // cost the square of their number.
      if (withdrawn.incrementAndGet() > SWEEP_AFTER + waiting.get()) {
        withdrawn.set(0);
        jobs.removeIf(each -> each != end && each.job.get() == null);
      }
      return true;
    }
  }

  /**
   * Creates an empty pool in which any number of jobs may wait.
   *
   * @param name the name of the threads, each followed by a number
   * @param limit the maximum number of threads
   */
  public HelperPool(String name, int limit) {
    this(name, limit, Integer.MAX_VALUE);
  }

  /**
   * Creates an empty pool.
   *
   * @param name the name of the threads, each followed by a number
   * @param limit the maximum number of threads
   * @param room how many jobs may wait for a thread
   */
  public HelperPool(String name, int limit, int room) {
    this.name = name;
    this.limit = limit;
    this.room = room;
  }

  /**
   * Runs a job on a helper thread; if all are busy, after the jobs submitted earlier. Any thread;
   * never blocks.
   *
   * @throws RejectedExecutionException if too many jobs are already waiting
   * @throws IllegalStateException if the pool is closed
   */
  public Submitted submit(Runnable job) {
    if (closed) {
      throw new IllegalStateException(
          "The helper threads '" + name + "' were shut down with their loop.");
    }
    var submitted = new Submitted(job);
    if (waiting.incrementAndGet() > room) {
      submitted.take();
      throw new RejectedExecutionException(
          room + " jobs are already waiting for the helper threads '" + name + "'");
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
      // The last thread may have looked for jobs, and ended, before this one was there. That thread
      // first counts itself out and then looks; here the order is reversed, so one of the two sees
      // the other.
      if (threads.get() < limit) {
        startThread(null);
      }
    } catch (Throwable failure) {
      // The job either fails here or runs: another thread may have taken it meanwhile.
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
      Thread thread = Thread.ofPlatform()
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
        next = null; // otherwise an idle thread would keep it alive
        if (job != null) {
          job.run();
          // An interrupt flag left by this job must not affect the next one.
          Thread.interrupted();
        }
        next = jobs.poll(IDLE_SECONDS, TimeUnit.SECONDS);
        if (next == null) {
          return;
        }
      }
    } catch (InterruptedException stop) {
      // Only the idle wait can be interrupted from outside: the thread ends.
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

  /** Stops accepting jobs; idle threads end immediately, busy ones after what was submitted. */
  public void close() {
    closed = true;
    for (int i = threads.get(); i > 0; i--) {
      jobs.put(end);
    }
  }

  /**
   * Waits, after {@link #close}, for the threads to end. Returns a description of each thread that
   * has not ended in time: its name, and where its job begins.
   *
   * @param deadline a time of System.nanoTime
   */
  public List<String> awaitEnd(long deadline) {
    boolean interrupted = false;
    List<String> left = new ArrayList<>();
    for (Thread thread : live) {
      try {
        while (thread.getState() == Thread.State.NEW && live.contains(thread)) {
          Thread.onSpinWait(); // it is just about to be started
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

  /** Returns the number of live threads. */
  public int threads() {
    return threads.get();
  }
}
