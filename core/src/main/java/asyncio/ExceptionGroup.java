package asyncio;

import java.io.PrintStream;
import java.io.PrintWriter;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Several failures at once, from the tasks of a group. All are kept, with their stack traces, also
 * as suppressed exceptions so that a printed trace shows them.
 */
public final class ExceptionGroup extends RuntimeException {
  private static final long serialVersionUID = 1L;

  @SuppressWarnings("serial") // a list of throwables made by List.copyOf, which is serializable
  private final List<Throwable> exceptions;

  /**
   * A group of at least one failure.
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

  /** The failures, in the order in which they happened; groups may stand in groups. */
  public List<Throwable> exceptions() {
    return exceptions;
  }

  /** The failures of type {@code type}, also those in inner groups; null when there is none. */
  public @Nullable ExceptionGroup subgroup(Class<? extends Throwable> type) {
    return split(type::isInstance).matching();
  }

  /** The two parts of {@link #split}; null where a part is empty. */
  public record Split(@Nullable ExceptionGroup matching, @Nullable ExceptionGroup rest) {}

  /** Divides the failures into those that match and the others, keeping the nesting of groups. */
  public Split split(Predicate<? super Throwable> matches) {
    // No recursion: groups may be nested deeper than the stack is.
    Deque<Division> outer = new ArrayDeque<>();
    Division division = new Division(this);
    while (true) {
      if (division.left.hasNext()) {
        Throwable failure = division.left.next();
        if (matches.test(failure)) {
          division.matching.add(failure);
        } else if (failure instanceof ExceptionGroup inner) {
          outer.push(division);
          division = new Division(inner);
        } else {
          division.rest.add(failure);
        }
        continue;
      }
      Split parts = division.parts();
      if (outer.isEmpty()) {
        return parts;
      }
      division = outer.pop();
      division.add(parts);
    }
  }

  /** A group that is being divided. */
  private static final class Division {
    final ExceptionGroup group;
    final Iterator<Throwable> left;
    final List<Throwable> matching = new ArrayList<>();
    final List<Throwable> rest = new ArrayList<>();

    Division(ExceptionGroup group) {
      this.group = group;
      this.left = group.exceptions.iterator();
    }

    void add(Split inner) {
      if (inner.matching != null) {
        matching.add(inner.matching);
      }
      if (inner.rest != null) {
        rest.add(inner.rest);
      }
    }

    Split parts() {
      return new Split(group.part(matching), group.part(rest));
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

  /** As of every Throwable, also where groups are nested deeper than the stack is. */
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
