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
 * Searches the causes of a failure. Every walk here ends, whatever the program has built: causes
 * may form a cycle (initCause can close one between two failures), chains and groups may be deeper
 * than a stack, and one failure may be in many groups. So no walk recurses, and each one remembers
 * where it has been. Failures are also walked elsewhere: where a group is split ({@link
 * ExceptionGroup#split}), and where a trace is printed.
 */
public final class Causes {
  /** A user-defined getCause may return a new object on every call, so the walk is bounded. */
  private static final int MOST = 10_000_000;

  private Causes() {}

  /**
   * Returns whether {@code failure}, its cause, the cause of that cause, and so on, has a match.
   */
  @SuppressWarnings("ReferenceEquality") // the very same object: a cycle
  public static boolean any(Throwable failure, Predicate<? super Throwable> matches) {
    // Brent's algorithm to find a cycle: it needs no memory, and when it finds one, all of it has
    // been looked at.
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
   * Returns whether {@code failure} matches or, if it is a group, whether all failures in it and in
   * its nested groups match; none is tested twice.
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

  /**
   * Returns whether a failure ends the whole {@code run}, unwrapped: no program should continue
   * after it.
   */
  public static boolean isFatal(Throwable failure) {
    return (failure instanceof VirtualMachineError && !(failure instanceof StackOverflowError))
        || failure instanceof KeyboardInterrupt;
  }

  /** Returns the cause of a failure; null if there is none, or if asking for it fails. */
  public static @Nullable Throwable causeOf(Throwable failure) {
    return answer(failure::getCause);
  }

  /**
   * Returns what the program's code says about a failure, such as an overridden getCause or
   * getMessage; null if that code throws, which must not hide the failure being examined.
   */
  public static <T> @Nullable T answer(Supplier<@Nullable T> question) {
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
