package asyncio.testing;

import asyncio.Clock;
import asyncio.EventLoop;
import asyncio.Task;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Time that stands still while a loop works and jumps to its next timer when the loop has nothing
 * else to do: an hour of sleep costs a test nothing, and takes exactly an hour.
 *
 * <p>The clock is <i>held</i>, and real time passes instead, while something outside could still
 * make the loop ready:
 *
 * <ul>
 *   <li>a helper thread works for the loop, or a coroutine stands in a foreign blocking call: until
 *       that ends;
 *   <li>a socket is open: for a cushion of a few milliseconds in which nothing came. Whoever awaits
 *       data that takes longer sees his timeouts fire.
 * </ul>
 *
 * When the clock was held for longer than a limit, and nothing ran meanwhile, the run ends with an
 * AssertionError that says what held it. It fails once; what closing the loop waits for is limited
 * by the close timeout.
 *
 * <p>Where nothing holds it and no timer is set, nothing can happen any more: the main task gets a
 * {@link asyncio.DeadlockException} at once, which says who waits for what. In a test whose own
 * threads call into the loop, the clock has to know of them: {@link #withOtherThreads}. Then the
 * loop waits for them within the limit.
 *
 * <p>One clock is for one loop: {@code new Runner(RunOptions.defaults().withClock(new
 * VirtualClock()))}, or {@link VirtualTime#run}, or {@link AsyncTest}.
 */
public final class VirtualClock implements Clock {
  private static final long CUSHION_NANOS = 5_000_000;

  /** A report of a loop with very many tasks shows this many. */
  private static final int REPORTED_TASKS = 100;

  // Immutable.
  private final long limitNanos;
  private final boolean otherThreads;

  // Written by advance() and the loop; read by any thread.
  private volatile long now;

  // Loop-confined: the quiet stretch, from the first idle() after a step to the next step or jump.
  private long stepsSeen = -1;
  private long quietSince;
  private boolean failed;

  /** For the report of unfinished tasks; set before the loop runs. */
  private @Nullable EventLoop loop;

  /** A clock that may be held for 5 s. */
  public VirtualClock() {
    this(Duration.ofSeconds(5));
  }

  /**
   * A clock.
   *
   * @param limit for how long, in real time, it may be held before the run fails
   */
  public VirtualClock(Duration limit) {
    this(limit, false);
  }

  private VirtualClock(Duration limit, boolean otherThreads) {
    if (limit.isNegative() || limit.isZero()) {
      throw new IllegalArgumentException("The limit must be positive; got " + limit);
    }
    this.limitNanos = nanos(limit);
    this.otherThreads = otherThreads;
  }

  /**
   * A new clock with the same limit, for a loop into which threads of the test call: when it has
   * nothing to do, it waits for them within the limit.
   */
  public VirtualClock withOtherThreads() {
    return new VirtualClock(Duration.ofNanos(limitNanos), true);
  }

  /** Lets failures tell the loop's unfinished tasks. Before the loop runs. */
  void tells(EventLoop of) {
    loop = of;
  }

  /** The longest representable where there are more. */
  private static long nanos(Duration duration) {
    return TimeUnit.NANOSECONDS.convert(duration);
  }

  /** The virtual time. <i>Thread</i>: any. */
  @Override
  public long nanoTime() {
    return now;
  }

  /**
   * Lets time pass as if the running step took so long.
   *
   * <p><i>Thread</i>: a coroutine of the loop.
   *
   * @throws IllegalArgumentException if {@code duration} is negative
   */
  @SuppressWarnings("NonAtomicVolatileUpdate") // only the loop writes
  public void advance(Duration duration) {
    if (duration.isNegative()) {
      throw new IllegalArgumentException("Time can't go backwards; got " + duration);
    }
    long nanos = nanos(duration);
    now = nanos > Long.MAX_VALUE - 1 - now ? Long.MAX_VALUE - 1 : now + nanos;
  }

  @Override
  public boolean isClosedWorld() {
    return !otherThreads;
  }

  @Override
  public long idle(long next, Activity activity) {
    long real = System.nanoTime();
    if (activity.steps() != stepsSeen) {
      stepsSeen = activity.steps();
      quietSince = real;
    }
    boolean held = activity.helpers() > 0 || activity.foreignWaits() > 0;
    if (!held && next != Long.MAX_VALUE) {
      long cushion = activity.openHandles() > 0 ? quietSince + CUSHION_NANOS - real : 0;
      if (cushion > 0) {
        return cushion;
      }
      if (next - now > 0) { // not next > now: a deadline may lie beyond the largest long
        now = next;
      }
      quietSince = real;
      return 0;
    }
    if (failed) {
      return Long.MAX_VALUE;
    }
    long left = quietSince + limitNanos - real;
    if (left > 0) {
      return left;
    }
    failed = true;
    throw new AssertionError(held ? heldMessage(activity) : deadMessage(activity));
  }

  private String heldMessage(Activity activity) {
    var text = new StringBuilder();
    text.append("The virtual clock of loop '")
        .append(activity.loopName())
        .append("' has been held for ");
    text.append(limitNanos / 1_000_000)
        .append(" ms of real time, while nothing ran. It is held by ");
    if (activity.helpers() > 0) {
      text.append(count(activity.helpers(), "body on a helper thread", "bodies on helper threads"));
    }
    if (activity.foreignWaits() > 0) {
      text.append(activity.helpers() > 0 ? " and " : "");
      text.append(count(
          activity.foreignWaits(),
          "coroutine in a foreign blocking call",
          "coroutines in foreign blocking calls"));
    }
    text.append('.');
    describeTasks(text);
    if (activity.helpers() > 0) {
      describeHelpers(text, activity.loopName() + "-helper-");
    }
    return text.toString();
  }

  private String deadMessage(Activity activity) {
    var text = new StringBuilder();
    text.append("Loop '")
        .append(activity.loopName())
        .append("' has nothing left to do: no step is ready, no timer");
    text.append(" is set, no helper thread is working, no coroutine is in foreign code");
    if (activity.openHandles() > 0) {
      text.append(", nothing comes from ")
          .append(count(activity.openHandles(), "open socket", "open sockets"));
    }
    text.append(", and no other thread called in within ")
        .append(limitNanos / 1_000_000)
        .append(" ms of real time.");
    describeTasks(text);
    return text.toString();
  }

  private static String count(int number, String one, String many) {
    return number + " " + (number == 1 ? one : many);
  }

  private void describeTasks(StringBuilder text) {
    EventLoop told = loop;
    if (told == null) {
      return;
    }
    text.append(" Unfinished tasks:");
    List<Task<?>> tasks = told.allTasks();
    for (Task<?> task : tasks.subList(0, Math.min(REPORTED_TASKS, tasks.size()))) {
      text.append(System.lineSeparator()).append("    ").append(task);
    }
    if (tasks.size() > REPORTED_TASKS) {
      text.append(System.lineSeparator()).append("    and ").append(tasks.size() - REPORTED_TASKS);
      text.append(" more");
    }
  }

  private static void describeHelpers(StringBuilder text, String prefix) {
    for (Map.Entry<Thread, StackTraceElement[]> entry :
        Thread.getAllStackTraces().entrySet()) {
      Thread thread = Objects.requireNonNull(entry.getKey());
      if (!thread.getName().startsWith(prefix)) {
        continue;
      }
      text.append(System.lineSeparator())
          .append("    ")
          .append(thread.getName())
          .append(":");
      for (StackTraceElement element : entry.getValue()) {
        text.append(System.lineSeparator()).append("        at ").append(element);
      }
    }
  }

  @Override
  public String toString() {
    return "VirtualClock[" + Duration.ofNanos(now) + "]";
  }
}
