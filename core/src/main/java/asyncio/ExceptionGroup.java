package asyncio;

import java.io.PrintStream;
import java.io.PrintWriter;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Several failures at once, from the tasks of a group. All are kept with their stack traces, and
 * are also suppressed exceptions, so that a printed trace shows them.
 */
public final class ExceptionGroup extends RuntimeException {
  private static final long serialVersionUID = 1L;

  @SuppressWarnings("serial") // made by List.copyOf, which is serializable
  private final List<Throwable> exceptions;

  /**
   * Creates a group of at least one failure.
   *
   * @throws IllegalArgumentException if there is none
   */
  public ExceptionGroup(String message, List<? extends Throwable> exceptions) {
    super(
        message + " (" + exceptions.size() + (exceptions.size() == 1 ? " failure)" : " failures)"));
    if (exceptions.isEmpty()) {
      throw new IllegalArgumentException("An exception group needs at least one failure.");
    }
    this.exceptions = List.copyOf(exceptions);
    for (Throwable failure : this.exceptions) {
      addSuppressed(failure);
    }
  }

  /** Returns the failures, in the order in which they happened; groups may contain groups. */
  public List<Throwable> exceptions() {
    return exceptions;
  }

  /**
   * Returns the failures of type {@code type}, including those in inner groups; null if there are
   * none.
   */
  public @Nullable ExceptionGroup subgroup(Class<? extends Throwable> type) {
    return split(type::isInstance).matching();
  }

  /** The two parts of {@link #split}; a part is null if it is empty. */
  public record Split(
      @Nullable ExceptionGroup matching, @Nullable ExceptionGroup rest) {}

  /** Divides the failures into those that match and the others, keeping the nesting of groups. */
  public Split split(Predicate<? super Throwable> matches) {
    // No recursion, because groups may be nested deeper than a stack. Each group is divided only
    // once, however many others contain it.
    IdentityHashMap<ExceptionGroup, Split> done = new IdentityHashMap<>();
    ArrayDeque<Division> open = new ArrayDeque<>();
    open.push(new Division(this));
    while (true) {
      Division division = open.element();
      ExceptionGroup inner = division.goOn(matches, done);
      if (inner != null) {
        open.push(new Division(inner));
        continue;
      }
      open.pop();
      Split split = new Split(division.matching(), division.rest());
      if (open.isEmpty()) {
        return split;
      }
      done.put(division.group, split);
    }
  }

  /** One group that is being divided. */
  private static final class Division {
    final ExceptionGroup group;
    private final List<Throwable> matching = new ArrayList<>();
    private final List<Throwable> rest = new ArrayList<>();
    private int next;

    /** Whether the next one has already been tested, and does not match as a whole. */
    private boolean asked;

    Division(ExceptionGroup group) {
      this.group = group;
    }

    /** Continues until the end, or until an inner group that must be divided first. */
    @Nullable
    ExceptionGroup goOn(
        Predicate<? super Throwable> matches, IdentityHashMap<ExceptionGroup, Split> done) {
      for (; next < group.exceptions.size(); next++) {
        Throwable failure = group.exceptions.get(next);
        if (!asked && matches.test(failure)) {
          matching.add(failure);
        } else if (failure instanceof ExceptionGroup inner) {
          Split parts = done.get(inner);
          if (parts == null) {
            asked = true;
            return inner;
          }
          if (parts.matching != null) {
            matching.add(parts.matching);
          }
          if (parts.rest != null) {
            rest.add(parts.rest);
          }
        } else {
          rest.add(failure);
        }
        asked = false;
      }
      return null;
    }

    @Nullable
    ExceptionGroup matching() {
      return group.part(matching);
    }

    @Nullable
    ExceptionGroup rest() {
      return group.part(rest);
    }
  }

  private @Nullable ExceptionGroup part(List<Throwable> failures) {
    if (failures.isEmpty()) {
      return null;
    }
    ExceptionGroup part = new ExceptionGroup("part of: " + getMessage(), failures);
    part.setStackTrace(getStackTrace());
    return part;
  }

  /** Prints as every Throwable does, even if groups are nested too deep for the JDK's recursion. */
  @Override
  public void printStackTrace(PrintStream to) {
    if (NestedTrace.isDeep(this)) {
      to.println(NestedTrace.of(this));
    } else {
      super.printStackTrace(to);
    }
  }

  /** As {@link #printStackTrace(PrintStream)}. */
  @Override
  public void printStackTrace(PrintWriter to) {
    if (NestedTrace.isDeep(this)) {
      to.println(NestedTrace.of(this));
    } else {
      super.printStackTrace(to);
    }
  }
}
