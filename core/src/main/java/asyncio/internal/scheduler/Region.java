package asyncio.internal.scheduler;

import asyncio.Coroutine;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * A stretch of one coroutine in which nobody else of its loop may run: the body of {@code
 * atomically}.
 *
 * <p>Our own waiting methods are refused, at {@link Current#requireTask} or {@link
 * Current#refuseInRegion}. A park or a yield in foreign code can't be refused: on the mounted
 * carrier it is noted when it happens, and the region fails at its end. On the portable carrier
 * such a park holds the whole loop, so nobody runs meanwhile and there is nothing to report.
 *
 * <p>A resubmitted step that does nothing raises no alarm: only a step that really ran can have
 * begun a region, and it ends either after the region or by a park inside it.
 *
 * <p>Confined to its coroutine, and to the loop's own thread while the coroutine is parked.
 */
public final class Region {
  private static final StackTraceElement[] UNKNOWN = {};

  /** How many regions are open in this process; a coroutine in a region sees at least one. */
  private static final AtomicInteger OPEN = new AtomicInteger();

  private final Fiber fiber;
  private final @Nullable Region outer;

  /** Where the coroutine was when it first let others run; null while it has not. */
  private StackTraceElement @Nullable [] leftAt;

  /** What an inner region threw that already reports the same. */
  private @Nullable Throwable told;

  private Region(Fiber fiber) {
    this.fiber = fiber;
    this.outer = fiber.region;
  }

  /**
   * Whether the caller may be in a region; a plain read, because the caller always sees its own.
   */
  static boolean mayBeOpen() {
    return OPEN.getPlain() != 0;
  }

  /** Runs {@code body} in a region of the running coroutine. */
  public static <T extends @Nullable Object, X extends Exception> T run(Coroutine<T, X> body)
      throws X {
    Fiber fiber = Current.require("atomically()").fiber();
    var region = new Region(fiber);
    fiber.region = region;
    OPEN.getAndIncrement();
    T value;
    try {
      value = body.run();
    } catch (Throwable failure) {
      region.end(failure);
      throw failure;
    }
    region.end(null);
    return value;
  }

  @SuppressWarnings("ReferenceEquality") // this very object that an inner region threw
  private void end(@Nullable Throwable failure) {
    fiber.region = outer;
    OPEN.getAndDecrement();
    StackTraceElement[] stack = leftAt;
    if (stack == null) {
      return;
    }
    if (failure == null) {
      IllegalStateException torn = torn(stack);
      tell(torn);
      throw torn;
    }
    if (failure != told) {
      failure.addSuppressed(torn(stack));
    }
    tell(failure);
  }

  private void tell(Throwable thrown) {
    if (outer != null) {
      outer.told = thrown;
    }
  }

  /**
   * Notes that the coroutine has parked or yielded in foreign code, where it still is: others may
   * run now. On the loop's own thread.
   */
  public void left() {
    if (leftAt != null) {
      return;
    }
    StackTraceElement[] stack = UNKNOWN;
    Thread thread = fiber.thread;
    try {
      if (thread != null) {
        // May make the JDK submit the step once more, which is harmless.
        stack = thread.getStackTrace();
      }
    } catch (Throwable noMemory) {
      // The region still fails, only without the frame. Thrown from here, this would end the loop.
    }
    for (Region region = this; region != null && region.leftAt == null; region = region.outer) {
      region.leftAt = stack;
    }
  }

  /**
   * Returns the error of {@code what}, a waiting method that was called in a region of {@code
   * fiber}.
   */
  static IllegalStateException refusal(String what, Fiber fiber) {
    return new IllegalStateException(what
        + " may wait, and "
        + fiber.describe()
        + " called it inside atomically(…): such calls are not allowed there, even if they"
        + " would return at once, so that no other coroutine runs in the middle. Use calls that"
        + " never wait, such as result(), getNowait(), putNowait(), tryAcquire(), callSoon() or"
        + " a lazy createTask(), or call it before or after the region.");
  }

  private IllegalStateException torn(StackTraceElement[] stack) {
    var torn = new IllegalStateException("Other coroutines may have run inside atomically(…): "
        + fiber.describe()
        + " was suspended there"
        + place(stack)
        + ". That is foreign code that waits or yields, so the coroutines of loop '"
        + fiber.scheduler.name()
        + "' could change what the body had read. Call it before or after the region, or"
        + " protect the steps with a Lock.");
    if (stack.length > 0) {
      var where = new IllegalStateException("suspended here, inside atomically(…)");
      where.setStackTrace(stack);
      torn.initCause(where);
    }
    return torn;
  }

  /** Returns which JDK method it was, if it was one, and the line of the program that called it. */
  private static String place(StackTraceElement[] stack) {
    int next = 0;
    while (next < stack.length && isJdk(stack[next])) {
      next++;
    }
    String place = "";
    if (next > 0) {
      StackTraceElement method = stack[next - 1];
      place = " by " + method.getClassName() + "." + method.getMethodName() + "(), called";
    }
    // If the body is a method reference, this is the caller of atomically.
    while (next < stack.length && isBetween(stack[next])) {
      next++;
    }
    return next < stack.length ? place + " at " + stack[next] : place;
  }

  private static boolean isJdk(StackTraceElement frame) {
    String module = frame.getModuleName();
    return module != null && (module.startsWith("java.") || module.startsWith("jdk."));
  }

  private static boolean isBetween(StackTraceElement frame) {
    String type = frame.getClassName();
    return type.equals(Region.class.getName())
        || type.equals("asyncio.Asyncio")
        || type.equals("asyncio.WithoutResult");
  }
}
