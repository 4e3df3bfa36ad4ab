package asyncio;

import asyncio.internal.diagnosis.Logs;
import asyncio.internal.scheduler.Owner;
import asyncio.internal.util.CreationSite;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a loop that closes was left with. Made before its tasks are cancelled, which closes much of
 * it: a server's listener ends with its task, though nobody closed the server. Then {@link #settle}
 * tells what was forgotten from what closed in time.
 *
 * <p>Loop-confined until it is settled, then the closer's. Texts are made only then: not on the
 * loop's own thread.
 */
final class Leaks {
  /** Where the same is forgotten again and again, the first ones tell what. */
  private static final int SHOWN = 20;

  private final EventLoop loop;
  private final Set<Owner> owners;

  /** Those that nobody had asked to end, and that are no part of an owner. */
  private final List<LeftTask> tasks = new ArrayList<>();

  /** How many tasks more there are. */
  private int moreTasks;

  /** Those that did not end when they were asked. */
  private List<Task<?>> survivors = List.of();

  /**
   * A task that has not ended.
   *
   * @param stack where it stood; null if that is not asked for
   */
  private record LeftTask(Task<?> task, @Nullable List<StackTraceElement> stack) {}

  /**
   * What the loop has now.
   *
   * @param thorough whether tasks are to be told with where they began
   */
  Leaks(EventLoop loop, boolean thorough) {
    this.loop = loop;
    this.owners = new LinkedHashSet<>(loop.scheduler.owners());
    Set<Object> parts = new HashSet<>();
    for (Owner owner : owners) {
      parts.addAll(owner.tasks());
    }
    for (Task<?> task : loop.tasks.toList()) {
      if (task.fiber().cancelling() > 0 || parts.contains(task)) {
        continue;
      }
      // There may be a million. Stacks of the first ones will do.
      boolean shown = tasks.size() < SHOWN;
      if (shown || thorough) {
        tasks.add(new LeftTask(task, shown && thorough ? stack(task) : null));
      } else {
        moreTasks++;
      }
    }
  }

  /** Taken while nothing of the loop runs; empty where the task has not begun. */
  private static List<StackTraceElement> stack(Task<?> task) {
    Thread thread = task.fiber().thread();
    return thread == null ? List.of() : List.of(thread.getStackTrace());
  }

  /** The tasks have been cancelled: what nobody has closed by now, nobody will. */
  void settle(List<Task<?>> left) {
    owners.addAll(loop.scheduler.owners());
    owners.removeIf(owner -> !owner.isLeft());
    survivors = left;
  }

  // ---- texts ----

  private List<String> open() {
    return owners.stream().map(owner -> owner.describe() + places("made", owner.madeAt())).toList();
  }

  private List<String> tasks() {
    List<String> texts = new ArrayList<>();
    for (LeftTask left : tasks) {
      texts.add("task '" + left.task.name() + "'" + origin(left));
    }
    for (Task<?> task : survivors) {
      if (tasks.stream().noneMatch(left -> left.task == task)) {
        texts.add("task '" + task.name() + "', which did not end when it was cancelled");
      }
    }
    return texts;
  }

  private static String origin(LeftTask left) {
    CreationSite site = left.task.createdAt();
    if (site != null) {
      return places("created", site);
    }
    List<StackTraceElement> stack = left.stack;
    if (stack == null) {
      return "";
    }
    if (stack.isEmpty()) {
      return ", which had not begun";
    }
    StackTraceElement begins = CreationSite.bodyIn(stack.toArray(new StackTraceElement[0]));
    return begins == null ? "" : ", whose body begins at " + begins;
  }

  private static String places(String how, CreationSite site) {
    List<StackTraceElement> frames = site.frames();
    if (frames.size() <= 1) {
      return ", " + how + " at " + site.line();
    }
    var text = new StringBuilder();
    CreationSite.append(text, "", frames);
    return ", " + how + text;
  }

  /** Names what is open at WARNING and, for a loop that cancels them, tasks at DEBUG. */
  void log(boolean cancelled) {
    List<String> open = open();
    if (!open.isEmpty()) {
      Logs.LOOP.log(
          System.Logger.Level.WARNING,
          whatIsLeft(loop, open, 0)
              + System.lineSeparator()
              + "Close them, best by try (var … = …) { … }. "
              + (loop.debug() ? "" : "-Dasyncio.debug tells more of where they were made; ")
              + "RunOptions.withLeakCheck(LeakCheck.FAIL) makes this an error.");
    }
    if (cancelled && !tasks.isEmpty() && Logs.LOOP.isLoggable(System.Logger.Level.DEBUG)) {
      Logs.LOOP.log(
          System.Logger.Level.DEBUG,
          whatIsLeft(loop, tasks(), moreTasks) + System.lineSeparator() + "They were cancelled.");
    }
  }

  private static String whatIsLeft(EventLoop loop, List<String> leaks, int others) {
    var text = new StringBuilder();
    text.append("The event loop '").append(loop.name()).append("' closed and these were left:");
    int shown = Math.min(SHOWN, leaks.size());
    for (String leak : leaks.subList(0, shown)) {
      text.append(System.lineSeparator()).append("  ").append(leak);
    }
    int more = leaks.size() - shown + others;
    if (more > 0) {
      text.append(System.lineSeparator()).append("  and ").append(more).append(" more");
    }
    return text.toString();
  }

  /**
   * The error that lists everything; null when there is nothing.
   *
   * @param leaks null where the loop had nothing of its own left
   * @param helpers threads that still work
   */
  static @Nullable LeakException failure(
      EventLoop loop, @Nullable Leaks leaks, List<String> helpers) {
    List<String> all = new ArrayList<>();
    if (leaks != null) {
      all.addAll(leaks.open());
      all.addAll(leaks.tasks());
    }
    for (String helper : helpers) {
      all.add("helper thread " + helper);
    }
    if (all.isEmpty()) {
      return null;
    }
    return new LeakException(
        whatIsLeft(loop, all, 0)
            + System.lineSeparator()
            + "Close servers and connections, best by try (var … = …) { … }; await or cancel tasks,"
            + " or start them in a TaskGroup."
            + (loop.debug() ? "" : " -Dasyncio.debug tells where tasks were created."),
        all);
  }
}
