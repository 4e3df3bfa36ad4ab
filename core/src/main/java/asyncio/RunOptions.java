package asyncio;

import asyncio.internal.scheduler.Poller;
import asyncio.internal.scheduler.Scheduler;
import asyncio.internal.util.Durations;
import java.io.IOException;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Options for how a {@link Runner} runs its loop. Immutable: each {@code with…} method returns
 * changed options.
 *
 * <p>Example: {@code new Runner(RunOptions.defaults().withName("mail").withStackSize(8 << 20))}.
 */
public final class RunOptions {
  private static final AtomicInteger NUMBERS = new AtomicInteger();
  private static final RunOptions DEFAULTS = new RunOptions(new Draft());

  private final @Nullable String name;
  private final long stackSize;
  private final Clock clock;
  private final Duration closeTimeout;
  private final @Nullable CarrierKind carrier;
  private final @Nullable Duration slowStep;
  private final @Nullable Boolean debug;
  private final @Nullable LeakCheck leakCheck;
  private final boolean otherThreads;
  private final @Nullable Duration shutdownGrace;
  private final @Nullable Pollers pollers;

  /** How a loop gets what waits for the operating system; tests put a network in memory there. */
  @FunctionalInterface
  interface Pollers {
    Poller open(Scheduler scheduler) throws IOException;
  }

  /** Options that are being changed. */
  private static final class Draft {
    @Nullable
    String name;

    long stackSize;
    Clock clock = Clock.system();
    Duration closeTimeout = Duration.ofSeconds(10);

    @Nullable
    CarrierKind carrier;

    @Nullable
    Duration slowStep;

    @Nullable
    Boolean debug;

    @Nullable
    LeakCheck leakCheck;

    boolean otherThreads;

    @Nullable
    Duration shutdownGrace;

    @Nullable
    Pollers pollers;
  }

  private RunOptions(Draft draft) {
    name = draft.name;
    stackSize = draft.stackSize;
    clock = draft.clock;
    closeTimeout = draft.closeTimeout;
    carrier = draft.carrier;
    slowStep = draft.slowStep;
    debug = draft.debug;
    leakCheck = draft.leakCheck;
    otherThreads = draft.otherThreads;
    shutdownGrace = draft.shutdownGrace;
    pollers = draft.pollers;
  }

  private Draft draft() {
    var draft = new Draft();
    draft.name = name;
    draft.stackSize = stackSize;
    draft.clock = clock;
    draft.closeTimeout = closeTimeout;
    draft.carrier = carrier;
    draft.slowStep = slowStep;
    draft.debug = debug;
    draft.leakCheck = leakCheck;
    draft.otherThreads = otherThreads;
    draft.shutdownGrace = shutdownGrace;
    draft.pollers = pollers;
    return draft;
  }

  /**
   * Returns options for a loop named asyncio-N, on a thread with the JVM's stack size, with the
   * system's clock.
   */
  public static RunOptions defaults() {
    return DEFAULTS;
  }

  /** Sets the name of the loop and of its thread. */
  public RunOptions withName(String newName) {
    Draft draft = draft();
    draft.name = Objects.requireNonNull(newName, "newName");
    return new RunOptions(draft);
  }

  /**
   * Sets the stack size of the loop's thread in bytes; on the mounted carrier it limits the depth
   * of every coroutine. 0 is the JVM's default.
   */
  public RunOptions withStackSize(long bytes) {
    if (bytes < 0) {
      throw new IllegalArgumentException(
          "A stack size is a number of bytes, or 0 for the default; got " + bytes);
    }
    Draft draft = draft();
    draft.stackSize = bytes;
    return new RunOptions(draft);
  }

  /** Sets the clock of the loop. */
  public RunOptions withClock(Clock newClock) {
    Draft draft = draft();
    draft.clock = Objects.requireNonNull(newClock, "newClock");
    return new RunOptions(draft);
  }

  /**
   * Sets how long closing waits, in real time, for cancelled tasks and for helper threads to end
   * before it reports them by name and continues; 10 s by default.
   */
  public RunOptions withCloseTimeout(Duration timeout) {
    if (timeout.isNegative()) {
      throw new IllegalArgumentException("A close timeout can't be negative; got " + timeout);
    }
    Draft draft = draft();
    draft.closeTimeout = timeout;
    return new RunOptions(draft);
  }

  /** Sets the carrier, whatever {@code -Dasyncio.carrier} says. */
  public RunOptions withCarrier(CarrierKind kind) {
    Draft draft = draft();
    draft.carrier = Objects.requireNonNull(kind, "kind");
    return new RunOptions(draft);
  }

  /**
   * Sets how long a step may hold the loop before it is reported, as {@link
   * EventLoop#setSlowCallbackDuration} does, from the start. The default is {@code
   * -Dasyncio.slowStepMillis}, otherwise 100 ms.
   *
   * @param duration one that no step reaches, such as {@code Duration.ofDays(365)}, switches the
   *     reports off
   * @throws IllegalArgumentException if it is zero or negative
   */
  public RunOptions withSlowStep(Duration duration) {
    Durations.checkSlow(duration);
    Draft draft = draft();
    draft.slowStep = duration;
    return new RunOptions(draft);
  }

  /**
   * Switches debug mode on or off, whatever {@code -Dasyncio.debug} and {@link Asyncio#debug} say;
   * see {@link EventLoop#setDebug}.
   */
  public RunOptions withDebug(boolean on) {
    Draft draft = draft();
    draft.debug = on;
    return new RunOptions(draft);
  }

  /**
   * Sets what closing does about servers, connections and other things that are still open; {@link
   * LeakCheck#WARN} by default. Applies only to a runner: a loop that is closed by hand always
   * warns.
   */
  public RunOptions withLeakCheck(LeakCheck check) {
    Draft draft = draft();
    draft.leakCheck = Objects.requireNonNull(check, "check");
    return new RunOptions(draft);
  }

  /**
   * Sets whether other threads call into the loop by design, as those of a toolkit or a driver do.
   * If so, nothing is reported when the loop has nothing to do, and {@code -Dasyncio.deadlock=fail}
   * has no effect on it; tasks that wait for each other in a cycle still get their error. False by
   * default.
   */
  public RunOptions withCallsFromOtherThreads(boolean callIn) {
    Draft draft = draft();
    draft.otherThreads = callIn;
    return new RunOptions(draft);
  }

  /**
   * Sets how long the program may take to end after Ctrl-C, SIGTERM, a hang-up or System.exit, in
   * real time. When the time is over, the log says what holds the program; after System.exit
   * standard error does instead, because the logs may be closed by then. Then Ctrl-C and SIGTERM
   * halt the JVM, with exit code 130 or 143, and System.exit continues. The time between a run and
   * the close of its runner does not count. The default is {@code -Dasyncio.shutdownGraceMillis},
   * otherwise 10 s.
   *
   * @throws IllegalArgumentException if it is negative
   */
  public RunOptions withShutdownGrace(Duration grace) {
    if (grace.isNegative()) {
      throw new IllegalArgumentException("A shutdown grace can't be negative; got " + grace);
    }
    Draft draft = draft();
    draft.shutdownGrace = grace;
    return new RunOptions(draft);
  }

  /** Replaces the engine on a selector. */
  RunOptions withPollers(Pollers replacement) {
    Draft draft = draft();
    draft.pollers = replacement;
    return new RunOptions(draft);
  }

  String nameOrNext() {
    return name != null ? name : "asyncio-" + NUMBERS.incrementAndGet();
  }

  long stackSize() {
    return stackSize;
  }

  Clock clock() {
    return clock;
  }

  Duration closeTimeout() {
    return closeTimeout;
  }

  @Nullable
  CarrierKind carrier() {
    return carrier;
  }

  /** Null if the property or the default decides. */
  @Nullable
  Duration slowStep() {
    return slowStep;
  }

  /** Null if the default of the process decides. */
  @Nullable
  Boolean debug() {
    return debug;
  }

  /** Null if the property or the default decides. */
  @Nullable
  Duration shutdownGrace() {
    return shutdownGrace;
  }

  /** Null for the default, so that a program does not load the class at startup. */
  @Nullable
  LeakCheck leakCheck() {
    return leakCheck;
  }

  /** Null for the engine on a selector. */
  @Nullable
  Pollers pollers() {
    return pollers;
  }

  boolean otherThreads() {
    return otherThreads;
  }
}
