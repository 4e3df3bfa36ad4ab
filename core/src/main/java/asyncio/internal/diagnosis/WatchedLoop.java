package asyncio.internal.diagnosis;

import asyncio.LoopStatistics;
import asyncio.SlowStep;
import asyncio.internal.scheduler.LoopMonitor;
import asyncio.internal.scheduler.Recorder;
import asyncio.internal.scheduler.Scheduler;
import asyncio.internal.scheduler.StallDetector;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What the watchdog knows about one loop. */
public final class WatchedLoop implements LoopMonitor {
  // Immutable.
  final Scheduler scheduler;
  private final long made = System.nanoTime();

  // Any thread.
  private volatile long slowNanos = Watchdog.DEFAULT_NANOS;

  // Written by the watchdog, read by any thread.
  private volatile long busyNanos;
  private volatile @Nullable WorstSteps worst;

  // Watchdog only.
  long steps = -1;
  long since;

  /**
   * When the current step is reported again, in nanoseconds since it began; 0 before its first
   * report.
   */
  long nextReport;

  /**
   * The number of the step after which the loop has been quiet; {@link #quietSince} is when that
   * was first seen, or last asked about.
   */
  private long quietAfter = -1;

  private long quietSince;
  private long quietGap;

  /** The number of the last step as of the last tick. */
  private long tickedAt = -1;

  /** What the current step does; null while it has not lasted long. */
  @Nullable
  StepProfile profile;

  boolean announced;
  private @Nullable SlowStep slow;

  /** Creates the monitor of a loop that is being created. */
  public WatchedLoop(Scheduler scheduler) {
    this.scheduler = scheduler;
  }

  @Override
  public void opened() {
    Watchdog.watch(this);
  }

  @Override
  public void wakesUp() {
    Watchdog.keepTime();
  }

  @Override
  public void closed() {
    Watchdog.forget(this);
  }

  /** Returns the time after which a step is reported. */
  @Override
  public long slowNanos() {
    return slowNanos;
  }

  /** Takes no lock, because coroutines call it too. */
  @Override
  public void setSlowNanos(long nanos) {
    slowNanos = nanos;
    Watchdog.lookSooner();
  }

  /** Adds {@code nanos} during which the current step ran, or others did. */
  @SuppressWarnings("NonAtomicVolatileUpdate") // only the watchdog writes
  void ran(long nanos) {
    busyNanos += nanos;
  }

  @Override
  public LoopStatistics statistics(int tasks) {
    long now = System.nanoTime();
    WorstSteps known = worst;
    return new LoopStatistics(
        scheduler.name(),
        scheduler.carrierKind(),
        Duration.ofNanos(now - made),
        Duration.ofNanos(busyNanos),
        (scheduler.steps() + 1) >> 1,
        tasks,
        scheduler.readyCount(),
        scheduler.timers().size(),
        scheduler.helpers(),
        scheduler.foreignWaits(),
        scheduler.openHandles(),
        known == null ? List.of() : known.at(now));
  }

  // ---- by the watchdog ----

  /** Tells the loop that time passes. Returns whether it has run since the last tick. */
  boolean tick() {
    long number = scheduler.steps();
    boolean lasts = number == tickedAt && (number & 1) == 1;
    boolean busy = lasts || number != tickedAt;
    tickedAt = number;
    if (busy) {
      scheduler.tick(lasts ? number : -1);
    }
    return busy;
  }

  /** Whether the loop has run no step since the last tick. */
  boolean isIdle() {
    return scheduler.steps() == tickedAt;
  }

  /**
   * Whether the step that ran at the last tick had lasted since the tick before, and is still
   * running.
   */
  boolean isInLongStep() {
    return scheduler.stepIsLong();
  }

  /**
   * Notes that the loop sleeps. Once it has slept for long, it is asked whether it is stalled;
   * again after twice as long, because what it waits for may change without a step, until it has
   * said that it is.
   */
  void sleeps(long number, long now) {
    StallDetector stallDetector = scheduler.stallDetector();
    if (number != quietAfter) {
      if (!stallDetector.isReported(number)) {
        quietGap = stallDetector.gap();
      }
      quietAfter = number;
      quietSince = now;
    } else if (now - quietSince >= quietGap && !stallDetector.hasWarned(number)) {
      quietSince = now;
      quietGap = Math.min(2 * quietGap, StallDetector.LONGEST_GAP_NANOS);
      stallDetector.askWhetherQuiet(number);
    }
  }

  /** Notes that the current step is being reported. */
  void reported(String task, long held, StackTraceElement[] stack, long now) {
    SlowStep before = slow;
    Instant started = before != null ? before.started() : Instant.now().minusNanos(held);
    slow = new SlowStep(task, started, Duration.ofNanos(held), List.of(stack));
    keep(slow, now);
    tell(slow, false);
  }

  /** Notes that a reported step has lasted for {@code held} so far, or has ended. */
  void seen(long held, long now, boolean ended) {
    SlowStep before = slow;
    if (before == null) {
      return;
    }
    var longer =
        new SlowStep(before.task(), before.started(), Duration.ofNanos(held), before.stack());
    slow = longer;
    keep(longer, now);
    if (ended) {
      slow = null;
      tell(longer, true);
    }
  }

  private void keep(SlowStep step, long now) {
    WorstSteps known = worst;
    worst = (known == null ? WorstSteps.NONE : known).with(steps, step, now);
  }

  private void tell(SlowStep step, boolean ended) {
    Recorder recorder = scheduler.recorder();
    if (recorder != null) {
      recorder.slowStep(step, ended);
    }
  }
}
