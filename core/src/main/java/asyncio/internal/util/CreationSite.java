package asyncio.internal.util;

import java.security.CodeSource;
import java.security.ProtectionDomain;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Where something was created: the frames of the user code that created it, innermost first.
 * Immutable.
 *
 * <p>Capturing one costs a microsecond or two, so this is done only in debug mode, and always for
 * the few things that are worth it: servers, and connections that a program opens.
 */
public final class CreationSite {
  /** As many frames as asyncio's debug mode keeps. */
  private static final int DEBUG_DEPTH = 10;

  private static final StackWalker WALKER =
      StackWalker.getInstance(StackWalker.Option.RETAIN_CLASS_REFERENCE);

  /** Text is produced only when somebody reads it. */
  private final StackWalker.StackFrame[] frames;

  private CreationSite(int depth) {
    this.frames = WALKER.walk(stack -> stack
        // The frames below it are the thread's own and say nothing.
        .takeWhile(frame -> !isBottom(frame))
        .filter(frame -> !isOurs(frame.getDeclaringClass()))
        .limit(depth)
        .toArray(StackWalker.StackFrame[]::new));
  }

  /** Captures the current place, as debug mode needs it. */
  public static CreationSite here() {
    return new CreationSite(DEBUG_DEPTH);
  }

  /** Captures the line of user code that called us and, in debug mode, its callers too. */
  public static CreationSite here(boolean debug) {
    return new CreationSite(debug ? DEBUG_DEPTH : 1);
  }

  private static boolean isBottom(StackWalker.StackFrame frame) {
    return frame.getClassName().equals("asyncio.internal.scheduler.Fiber")
        && frame.getMethodName().equals("run");
  }

  /**
   * Decides by package and by code source: tests are in our packages, and a program may be packed
   * into one jar with us.
   */
  private static boolean isOurs(Class<?> type) {
    if (!type.getName().startsWith("asyncio.")) {
      return false;
    }
    ProtectionDomain own = CreationSite.class.getProtectionDomain();
    ProtectionDomain other = type.getProtectionDomain();
    // Classes from a JVM archive may have a protection domain of their own for the same jar.
    return other == own || Objects.equals(source(other), source(own));
  }

  private static @Nullable String source(ProtectionDomain domain) {
    CodeSource source = domain.getCodeSource();
    return source == null || source.getLocation() == null
        ? null
        : source.getLocation().toExternalForm();
  }

  /** Returns whether a frame belongs to this library. */
  public static boolean isOurs(StackTraceElement frame) {
    String name = frame.getClassName();
    if (!name.startsWith("asyncio.")) {
      return false;
    }
    try {
      return isOurs(Class.forName(name, false, CreationSite.class.getClassLoader()));
    } catch (ClassNotFoundException ofAnotherLoader) {
      return false;
    }
  }

  /**
   * Returns where the body of a task, or of a call on a helper thread, begins in a stack captured
   * in it: the outermost frame of user code. Null if there is none.
   *
   * @param stack innermost frame first
   */
  public static @Nullable StackTraceElement bodyIn(StackTraceElement[] stack) {
    int entry = stack.length - 1;
    while (entry >= 0 && !entersABody(stack[entry])) {
      entry--;
    }
    for (int i = entry - 1; i >= 0; i--) {
      if (!isOurs(stack[i])) {
        return stack[i];
      }
    }
    return null;
  }

  private static boolean entersABody(StackTraceElement frame) {
    String type = frame.getClassName();
    String method = frame.getMethodName();
    return (type.equals("asyncio.internal.task.TaskFiber") && method.equals("runBody"))
        || (type.equals("asyncio.internal.bridge.HelperCall") && method.equals("run"));
  }

  /** Returns the frames, innermost first. */
  public List<StackTraceElement> frames() {
    return Arrays.stream(frames)
        .map(StackWalker.StackFrame::toStackTraceElement)
        .toList();
  }

  /** Returns the innermost frame only. */
  public String line() {
    return frames.length == 0
        ? "an unknown place"
        : frames[0].toStackTraceElement().toString();
  }

  /** Adds {@code head} and the frames to a report, each on its own line. */
  public void appendTo(StringBuilder report, String head) {
    append(report, head, frames());
  }

  /**
   * Adds {@code head} and the frames of {@code site}, as {@link #appendTo} does; does nothing if
   * the site is unknown.
   */
  public static void append(StringBuilder report, String head, @Nullable CreationSite site) {
    if (site != null) {
      site.appendTo(report, head);
    }
  }

  /** Adds {@code head} and the given frames to a report, each on its own line. */
  public static void append(StringBuilder report, String head, List<StackTraceElement> frames) {
    report.append(System.lineSeparator()).append(head);
    Stacks.append(report, frames);
  }

  @Override
  public String toString() {
    return "created at " + line();
  }
}
