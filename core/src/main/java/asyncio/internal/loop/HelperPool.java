package asyncio.internal.loop;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedTransferQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
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

  private final String name;
  private final int limit;
  private final LinkedTransferQueue<Runnable> jobs = new LinkedTransferQueue<>();
  private final AtomicInteger threads = new AtomicInteger();
  private final AtomicInteger names = new AtomicInteger();
  private final Set<Thread> live = ConcurrentHashMap.newKeySet();
  private volatile boolean closed;

  /** Ends the thread that takes it. */
  private static final Runnable END =
      new Runnable() {
        @Override
        public void run() {}
      };

  /**
   * An empty pool.
   *
   * @param name of the threads, which get a number behind it
   * @param limit how many threads there are at most
   */
  public HelperPool(String name, int limit) {
    this.name = name;
    this.limit = limit;
  }

  /**
   * Runs a job on a helper thread, after those before it when all are busy. Any thread; never
   * blocks.
   */
  public void submit(Runnable job) {
    if (closed) {
      throw new IllegalStateException(
          "The helper threads '" + name + "' are shut down with their loop.");
    }
    if (jobs.tryTransfer(job)) {
      return;
    }
    if (!startThread(job)) {
      jobs.put(job);
      // The last thread may have looked for jobs, and ended, before this one was there. It counts
      // itself out before it looks, and here the order is the other way round: one sees the other.
      if (threads.get() < limit) {
        startThread(null);
      }
    }
  }

  private boolean startThread(@Nullable Runnable first) {
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

  private void work(@Nullable Runnable first) {
    Runnable job = first;
    try {
      while (true) {
        if (job != null) {
          if (job == END) {
            return;
          }
          job.run();
          // A flag that the job left must not strike the next one.
          Thread.interrupted();
        }
        job = jobs.poll(IDLE_SECONDS, TimeUnit.SECONDS);
        if (job == null) {
          return;
        }
      }
    } catch (InterruptedException stop) {
      // Only the idle wait is interruptible from outside: the thread ends.
    } finally {
      live.remove(Thread.currentThread());
      threads.decrementAndGet();
      // A job put while this thread was on its way out must not wait for ever.
      Runnable next = jobs.peek();
      if (next != null && next != END) {
        startThread(null);
      }
    }
  }

  /** Takes no more jobs; idle threads end at once, busy ones after what was submitted. */
  public void close() {
    closed = true;
    for (int i = threads.get(); i > 0; i--) {
      jobs.put(END);
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
