package asyncio;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;

/**
 * Prints a failure with its causes and suppressed failures, nested to any depth; the JDK's printer
 * recurses.
 */
final class NestedTrace {
  /** Up to this depth the JDK prints the trace. */
  private static final int DEEP = 100;

  /** Deeper levels are not indented further. */
  private static final int MAX_INDENT = 40;

  private NestedTrace() {}

  private record Nested(
      Throwable failure, String caption, int depth, List<StackTraceElement> round) {}

  static boolean isDeep(Throwable failure) {
    Set<Throwable> seen = newSet();
    List<Throwable> level = List.of(failure);
    for (int depth = 0; !level.isEmpty(); depth++) {
      if (depth == DEEP) {
        return true;
      }
      List<Throwable> next = new ArrayList<>();
      for (Throwable one : level) {
        if (seen.add(one)) {
          Collections.addAll(next, one.getSuppressed());
          Throwable cause = one.getCause();
          if (cause != null) {
            next.add(cause);
          }
        }
      }
      level = next;
    }
    return false;
  }

  private static Set<Throwable> newSet() {
    return Collections.newSetFromMap(new IdentityHashMap<>());
  }

  /** Returns the trace as the JDK would print it. */
  static String of(Throwable failure) {
    var text = new StringBuilder();
    Set<Throwable> seen = newSet();
    Deque<Nested> left = new ArrayDeque<>();
    left.push(new Nested(failure, "", 0, List.of()));
    while (!left.isEmpty()) {
      Nested nested = left.pop();
      if (!text.isEmpty()) {
        text.append(System.lineSeparator());
      }
      String indent = "\t".repeat(Math.min(nested.depth, MAX_INDENT));
      Throwable one = nested.failure;
      text.append(indent).append(nested.caption);
      if (!seen.add(one)) {
        text.append("[CIRCULAR REFERENCE: ").append(one).append(']');
        continue;
      }
      text.append(one);
      List<StackTraceElement> trace = List.of(one.getStackTrace());
      append(text, indent, trace, nested.round);
      Throwable cause = one.getCause();
      if (cause != null) {
        left.push(new Nested(cause, "Caused by: ", nested.depth, trace));
      }
      Throwable[] suppressed = one.getSuppressed();
      for (int i = suppressed.length - 1; i >= 0; i--) {
        left.push(new Nested(suppressed[i], "Suppressed: ", nested.depth + 1, trace));
      }
    }
    return text.toString();
  }

  private static void append(
      StringBuilder text,
      String indent,
      List<StackTraceElement> trace,
      List<StackTraceElement> round) {
    int own = trace.size();
    int outer = round.size();
    while (own > 0 && outer > 0 && trace.get(own - 1).equals(round.get(outer - 1))) {
      own--;
      outer--;
    }
    for (int i = 0; i < own; i++) {
      text.append(System.lineSeparator()).append(indent).append("\tat ").append(trace.get(i));
    }
    if (own < trace.size()) {
      text.append(System.lineSeparator()).append(indent).append("\t... ");
      text.append(trace.size() - own).append(" more");
    }
  }
}
