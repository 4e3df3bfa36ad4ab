package asyncio.internal.util;

import asyncio.ExceptionGroup;
import asyncio.KeyboardInterrupt;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What stands behind a failure. Everything here ends, whatever the program has built: causes may go
 * round in a circle (initCause makes one of two failures), chains and groups may be deeper than a
 * stack, and one failure may stand in many groups. So no walk recurses, and each knows where it has
 * been. Failures are walked elsewhere too: where a group is divided ({@link ExceptionGroup#split}),
 * and where a trace is printed.
 */
public final class Causes {
  /** A user-defined getCause may return a new object on every call, so the walk is bounded. */
  private static final int MOST = 10_000_000;

  private Causes() {}

  /** Whether {@code failure}, its cause, the cause of that, and so on, has one that matches. */
  @SuppressWarnings("ReferenceEquality") // the very same object: a circle
  public static boolean any(Throwable failure, Predicate<? super Throwable> matches) {
    // Brent's way to find a circle: no memory, and all of it was looked at when it is found.
    Throwable mark = failure;
    int steps = 0;
    int next = 1;
    Throwable cause = failure;
    for (int all = 0; all < MOST; all++) {
      if (matches.test(cause)) {
        return true;
      }
      Throwable following = causeOf(cause);
      if (following == null || following == mark) {
        return false;
      }
      if (++steps == next) {
        mark = following;
        steps = 0;
        next *= 2;
      }
      cause = following;
    }
    return false;
  }

  /**
   * Whether {@code failure} matches, or, when it is a group, all that stand in it and in groups
   * inside it; none is asked about twice.
   */
  public static boolean allMembers(Throwable failure, Predicate<? super Throwable> matches) {
    if (!(failure instanceof ExceptionGroup)) {
      return matches.test(failure);
    }
    Set<Throwable> seen = Collections.newSetFromMap(new IdentityHashMap<>());
    ArrayDeque<Throwable> left = new ArrayDeque<>(List.of(failure));
    while (!left.isEmpty()) {
      Throwable one = left.pop();
      if (!seen.add(one)) {
        continue;
      }
      if (one instanceof ExceptionGroup group) {
        group.exceptions().forEach(left::push);
      } else if (!matches.test(one)) {
        return false;
      }
    }
    return true;
  }

  /** Whether a failure ends the whole {@code run}, bare: no program should go on after it. */
  public static boolean isFatal(Throwable failure) {
    return (failure instanceof VirtualMachineError && !(failure instanceof StackOverflowError))
        || failure instanceof KeyboardInterrupt;
  }

  /** The cause of a failure; null where there is none, or asking for it fails. */
  public static @Nullable Throwable causeOf(Throwable failure) {
    return told(failure::getCause);
  }

  /**
   * What code of the program's tells about a failure, such as an overridden getCause or getMessage;
   * null where it throws, which must not hide the failure being examined.
   */
  public static <T> @Nullable T told(Supplier<@Nullable T> question) {
    try {
      return question.get();
    } catch (Throwable broken) {
      if (isFatal(broken)) {
        throw broken;
      }
      return null;
    }
  }
}
