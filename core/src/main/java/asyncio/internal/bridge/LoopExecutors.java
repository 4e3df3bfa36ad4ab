package asyncio.internal.bridge;

import asyncio.internal.util.Durations;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Where the blocking calls of a loop run: its default executor, which is a pool of its own unless
 * another was set, and the way to other executors.
 *
 * <p>Other executors get their jobs from a platform thread, in order: a virtual thread inherits the
 * scheduler of the thread that starts it, so one that an executor starts for a coroutine would run
 * on the loop.
 */
public final class LoopExecutors {
  /** As many helper threads as asyncio's default executor has. */
  private static final int HELPERS = Math.min(32, Runtime.getRuntime().availableProcessors() + 4);

  private final String loop;
  private final HelperPool helpers;
  private final HelperPool handOver;

  // Any thread.
  private volatile @Nullable ExecutorService chosen;
  private volatile boolean shut;

  /** Creates the executors of the loop of this name; their threads start with the first call. */
  public LoopExecutors(String loop) {
    this.loop = loop;
    this.helpers = new HelperPool(loop + "-helper", HELPERS);
    this.handOver = new HelperPool(loop + "-handover", 1);
  }

  /** Takes over {@code executor} as the default. */
  public synchronized void choose(ExecutorService executor) {
    if (shut) {
      throw new IllegalStateException("The default executor of the event loop '"
          + loop
          + "' is shut down, so this one would never be used or shut down: set it before the"
          + " shutdown.");
    }
    chosen = executor;
  }

  /** Runs a call on the default executor. Never blocks. */
  public void submit(HelperCall<?> call) {
    ExecutorService other = chosen;
    if (shut) {
      throw new IllegalStateException("The default executor of the event loop '"
          + loop
          + "' is shut down: use an executor of your own, with runInExecutor(executor, () ->"
          + " …).");
    }
    if (other == null) {
      call.submitTo(helpers);
    } else {
      submit(other, call);
    }
  }

  /** Runs a call on an executor that is not the loop's. Never blocks. */
  public void submit(Executor executor, HelperCall<?> call) {
    onPlatformThread(() -> {
      try {
        executor.execute(call);
      } catch (Throwable rejected) {
        call.rejected(rejected);
      }
    });
  }

  /** Runs a short job, in order, on a platform thread of the loop. Never blocks. */
  public void onPlatformThread(Runnable job) {
    handOver.submit(job);
  }

  /** Shuts the default executor down. Never blocks. */
  public synchronized void shutdownDefault() {
    shut = true;
    ExecutorService other = chosen;
    if (other != null) {
      handOver.submit(other::shutdown);
    }
    helpers.close();
  }

  /**
   * Waits, after {@link #shutdownDefault}, for the threads; returns those that have not ended in
   * time. On a thread that may block.
   */
  public List<String> awaitDefault(Duration limit) throws InterruptedException {
    long deadline = Durations.realDeadline(limit);
    ExecutorService other = chosen;
    if (other == null) {
      return helpers.awaitEnd(deadline);
    }
    return ended(other, deadline) ? List.of() : List.of(other.toString());
  }

  private static boolean ended(ExecutorService executor, long deadline)
      throws InterruptedException {
    return executor.awaitTermination(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
  }

  /** Takes no more calls; idle threads end immediately, busy ones after what was submitted. */
  public void close() {
    shutdownDefault();
    handOver.close();
  }

  /** Waits, after {@link #close}, for all threads; returns those that have not ended in time. */
  public List<String> awaitEnd(Duration limit) {
    long deadline = Durations.realDeadline(limit);
    List<String> left = new ArrayList<>(helpers.awaitEnd(deadline));
    left.addAll(handOver.awaitEnd(deadline));
    ExecutorService other = chosen;
    if (other != null) {
      try {
        if (!ended(other, deadline)) {
          left.add(other.toString());
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        left.add(other.toString());
      }
    }
    return left;
  }
}
