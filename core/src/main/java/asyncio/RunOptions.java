package asyncio;

import asyncio.internal.engine.Engine;
import asyncio.internal.engine.NioEngine;
import asyncio.internal.loop.Loop;
import java.io.IOException;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * How a {@link Runner} runs its loop. Immutable: each {@code with…} gives changed options.
 *
 * <p>Example: {@code new Runner(RunOptions.defaults().withName("mail").withStackSize(8 << 20))}.
 */
public final class RunOptions {
  private static final AtomicInteger NUMBERS = new AtomicInteger();
  private static final RunOptions DEFAULTS =
      new RunOptions(null, 0, Clock.system(), Duration.ofSeconds(10), null, null, null);

  private final @Nullable String name;
  private final long stackSize;
  private final Clock clock;
  private final Duration closeTimeout;
  private final @Nullable CarrierKind carrier;
  private final Engine.@Nullable Factory engines;
  private final @Nullable Duration slowStep;

  private RunOptions(
      @Nullable String name,
      long stackSize,
      Clock clock,
      Duration closeTimeout,
      @Nullable CarrierKind carrier,
      Engine.@Nullable Factory engines,
      @Nullable Duration slowStep) {
    this.name = name;
    this.stackSize = stackSize;
    this.clock = clock;
    this.closeTimeout = closeTimeout;
    this.carrier = carrier;
    this.engines = engines;
    this.slowStep = slowStep;
  }

  /** A loop named asyncio-N on a thread with the JVM's stack size and the system's clock. */
  public static RunOptions defaults() {
    return DEFAULTS;
  }

  /** The name of the loop and of its thread. */
  public RunOptions withName(String newName) {
    return new RunOptions(
        Objects.requireNonNull(newName),
        stackSize,
        clock,
        closeTimeout,
        carrier,
        engines,
        slowStep);
  }

  /**
   * The stack size of the loop's thread in bytes; on the mounted carrier it limits the depth of
   * every coroutine. 0 is the JVM's default.
   */
  public RunOptions withStackSize(long bytes) {
    if (bytes < 0) {
      throw new IllegalArgumentException(
          "A stack size is a number of bytes, or 0 for the default; got " + bytes);
    }
    return new RunOptions(name, bytes, clock, closeTimeout, carrier, engines, slowStep);
  }

  /** The clock of the loop. */
  public RunOptions withClock(Clock newClock) {
    return new RunOptions(
        name,
        stackSize,
        Objects.requireNonNull(newClock),
        closeTimeout,
        carrier,
        engines,
        slowStep);
  }

  /**
   * How long closing waits, in real time, for cancelled tasks and for helper threads to end before
   * it reports them by name and goes on; 10 s by default.
   */
  public RunOptions withCloseTimeout(Duration timeout) {
    if (timeout.isNegative()) {
      throw new IllegalArgumentException("A close timeout can't be negative; got " + timeout);
    }
    return new RunOptions(name, stackSize, clock, timeout, carrier, engines, slowStep);
  }

  /** The carrier, whatever {@code -Dasyncio.carrier} says. */
  public RunOptions withCarrier(CarrierKind kind) {
    return new RunOptions(
        name, stackSize, clock, closeTimeout, Objects.requireNonNull(kind), engines, slowStep);
  }

  /**
   * From when on a step that holds the loop is reported: {@link EventLoop#setSlowCallbackDuration}
   * from the start. By default {@code -Dasyncio.slowStepMillis}, else 100 ms.
   *
   * @param duration one that no step reaches, such as {@code Duration.ofDays(365)}, switches the
   *     reports off
   * @throws IllegalArgumentException if it is zero or negative
   */
  public RunOptions withSlowStep(Duration duration) {
    Durations.checkSlow(duration);
    return new RunOptions(name, stackSize, clock, closeTimeout, carrier, engines, duration);
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

  @Nullable CarrierKind carrier() {
    return carrier;
  }

  @Nullable Duration slowStep() {
    return slowStep;
  }

  Engine.Factory engines() {
    return engines != null ? engines : new NioEngines();
  }

  /** Opens engines on the JDK's selector. */
  private static final class NioEngines implements Engine.Factory {
    @Override
    public Engine open(Loop loop) throws IOException {
      return NioEngine.open(loop);
    }
  }
}
