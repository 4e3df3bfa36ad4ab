package asyncio.internal.util;

import java.security.CodeSource;
import java.security.ProtectionDomain;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Where something was made: the frames of the user's code that made it, innermost first. Immutable.
 *
 * <p>Taking one costs a microsecond or two, so it is done in debug mode, and for the few things
 * that are worth it always: servers, and connections that a program opens.
 */
public final class CreationSite {
  /** As many frames as asyncio's debug mode keeps. */
  private static final int DEBUG_DEPTH = 10;

  private static final StackWalker WALKER =
      StackWalker.getInstance(StackWalker.Option.RETAIN_CLASS_REFERENCE);

  /** Texts are made only when somebody reads them. */
  private final StackWalker.StackFrame[] frames;

  private CreationSite(int depth) {
    this.frames =
        WALKER.walk(
            stack ->
                stack
                    // Above it are a thread's own frames, which say nothing.
                    .takeWhile(frame -> !isBottom(frame))
                    .filter(frame -> !isOurs(frame.getDeclaringClass()))
                    .limit(depth)
                    .toArray(StackWalker.StackFrame[]::new));
  }

  /** Here, as debug mode wants it. */
  public static CreationSite here() {
    return new CreationSite(DEBUG_DEPTH);
  }

  /** The line of the user's code that called us; in debug mode, who called that as well. */
  public static CreationSite here(boolean debug) {
    return new CreationSite(debug ? DEBUG_DEPTH : 1);
  }

  private static boolean isBottom(StackWalker.StackFrame frame) {
    return frame.getClassName().equals("asyncio.internal.scheduler.Fiber")
        && frame.getMethodName().equals("run");
  }

  /**
   * By package and by where it was loaded from: tests stand in our packages, and a program may be
   * packed into one jar with us.
   */
  private static boolean isOurs(Class<?> type) {
    if (!type.getName().startsWith("asyncio.")) {
      return false;
    }
    ProtectionDomain own = CreationSite.class.getProtectionDomain();
    ProtectionDomain other = type.getProtectionDomain();
    // Classes from an archive of the JVM may have a domain of their own for the same jar.
    return other == own || Objects.equals(source(other), source(own));
  }

  private static @Nullable String source(ProtectionDomain domain) {
    CodeSource source = domain.getCodeSource();
    return source == null || source.getLocation() == null
        ? null
        : source.getLocation().toExternalForm();
  }

  /** Whether a frame is this library's. */
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
   * Where the body begins that a stack was taken in, of a task or of a call on a helper thread: its
   * outermost frame that is the user's. Null when there is none.
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
    return (type.equals("asyncio.Task") && method.equals("runBody"))
        || (type.equals("asyncio.HelperCall") && method.equals("run"));
  }

  /** The frames, innermost first. */
  public List<StackTraceElement> frames() {
    return Arrays.stream(frames).map(StackWalker.StackFrame::toStackTraceElement).toList();
  }

  /** Its innermost frame alone. */
  public String line() {
    return frames.length == 0 ? "an unknown place" : frames[0].toStackTraceElement().toString();
  }

  /** Adds {@code head} and the frames to a report, each on a line of its own. */
  public void appendTo(StringBuilder report, String head) {
    append(report, head, frames());
  }

  /** As {@link #appendTo}, for a site that may be unknown: then nothing. */
  public static void append(StringBuilder report, String head, @Nullable CreationSite site) {
    if (site != null) {
      site.appendTo(report, head);
    }
  }

  /** Adds {@code head} and frames, each on a line of its own. */
  public static void append(StringBuilder report, String head, List<StackTraceElement> frames) {
    report.append(System.lineSeparator()).append(head);
    Stacks.append(report, frames);
  }

  @Override
  public String toString() {
    return "created at " + line();
  }
}
