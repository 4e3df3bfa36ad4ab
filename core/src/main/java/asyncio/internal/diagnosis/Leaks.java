package asyncio.internal.diagnosis;

import asyncio.LeakException;
import asyncio.internal.log.Logs;
import asyncio.internal.scheduler.Owner;
import asyncio.internal.scheduler.Scheduler;
import asyncio.internal.task.TaskFiber;
import asyncio.internal.task.TaskHost;
import asyncio.internal.util.CreationSite;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What was left in a loop that closes. Created before its tasks are cancelled, because that closes
 * much of it: a server's listener ends with its task, although nobody closed the server. {@link
 * #settle} then separates what was forgotten from what closed in time.
 *
 * <p>Loop-confined until it is settled; after that it belongs to the closer. Texts are built only
 * then, not on the loop's own thread.
 */
public final class Leaks {
  /** If the same thing is forgotten again and again, the first ones show what. */
  private static final int SHOWN = 20;

  private final Scheduler scheduler;
  private final Set<Owner> owners;

  /** Tasks that nobody had asked to end and that are not part of an owner. */
  private final List<LeftTask> tasks = new ArrayList<>();

  /** How many more tasks there are. */
  private int moreTasks;

  /** Tasks that did not end when asked. */
  private List<TaskFiber> survivors = List.of();

  /**
   * A task that has not ended.
   *
   * @param stack where it was; null if that is not needed
   */
  private record LeftTask(TaskFiber task, @Nullable List<StackTraceElement> stack) {}

  /**
   * Takes what the loop has now.
   *
   * @param thorough whether tasks are reported with where they began
   */
  public Leaks(Scheduler scheduler, boolean thorough) {
    this.scheduler = scheduler;
    this.owners = new LinkedHashSet<>(scheduler.owners());
    Set<@Nullable TaskFiber> parts = new HashSet<>();
    for (Owner owner : owners) {
      owner.tasks().forEach(task -> parts.add(TaskFiber.of(task)));
    }
    for (TaskFiber task : TaskHost.of(scheduler).tasks().toList()) {
      if (task.cancelling() > 0 || parts.contains(task)) {
        continue;
      }
      // There may be a million. The stacks of the first ones will do.
      boolean shown = tasks.size() < SHOWN;
      if (shown || thorough) {
        tasks.add(new LeftTask(task, shown && thorough ? stack(task) : null));
      } else {
        moreTasks++;
      }
    }
  }

  /** Taken while nothing of the loop runs; empty if the task has not begun. */
  private static List<StackTraceElement> stack(TaskFiber task) {
    Thread thread = task.thread();
    return thread == null ? List.of() : List.of(thread.getStackTrace());
  }

  /** Called after the tasks have been cancelled: what nobody has closed by now, nobody will. */
  public void settle(List<TaskFiber> left) {
    owners.addAll(scheduler.owners());
    owners.removeIf(owner -> !owner.isLeft());
    survivors = left;
  }

  // ---- texts ----

  private List<String> open() {
    return owners.stream()
        .map(owner -> owner.describe() + places("made", owner.madeAt()))
        .toList();
  }

  private List<String> tasks() {
    List<String> texts = new ArrayList<>();
    for (LeftTask left : tasks) {
      texts.add("task '" + left.task.label() + "'" + origin(left));
    }
    for (TaskFiber task : survivors) {
      if (tasks.stream().noneMatch(left -> left.task == task)) {
        texts.add("task '" + task.label() + "', which did not end when it was cancelled");
      }
    }
    return texts;
  }

  private static String origin(LeftTask left) {
    CreationSite site = left.task.origin();
    if (site != null) {
      return places("created", site);
    }
    List<StackTraceElement> stack = left.stack;
    if (stack == null) {
      return "";
    }
    if (stack.isEmpty()) {
      return ", which had not started";
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

  /** Names what is open at WARNING and, for a loop that cancels its tasks, those at DEBUG. */
  public void log(boolean cancelled) {
    List<String> open = open();
    if (!open.isEmpty()) {
      Logs.LOOP.log(
          System.Logger.Level.WARNING,
          whatIsLeft(scheduler, open, 0)
              + System.lineSeparator()
              + "Close them, best with try (var … = …) { … }. "
              + (scheduler.debug ? "" : "-Dasyncio.debug shows more of where they were made; ")
              + "RunOptions.withLeakCheck(LeakCheck.FAIL) makes this an error.");
    }
    if (cancelled && !tasks.isEmpty() && Logs.LOOP.isLoggable(System.Logger.Level.DEBUG)) {
      Logs.LOOP.log(
          System.Logger.Level.DEBUG,
          whatIsLeft(scheduler, tasks(), moreTasks)
              + System.lineSeparator()
              + "They were cancelled.");
    }
  }

  private static String whatIsLeft(Scheduler scheduler, List<String> leaks, int others) {
    var text = new StringBuilder();
    text.append("The event loop '")
        .append(scheduler.name())
        .append("' closed with these left over:");
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
   * The error that lists everything; null if there is nothing.
   *
   * @param leaks null if nothing of the loop's own was left
   * @param helpers threads that are still working
   */
  public static @Nullable LeakException failure(
      Scheduler scheduler, @Nullable Leaks leaks, List<String> helpers) {
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
        whatIsLeft(scheduler, all, 0)
            + System.lineSeparator()
            + "Close servers and connections, best with try (var … = …) { … }; await or cancel"
            + " tasks, or start them in a TaskGroup."
            + (scheduler.debug ? "" : " -Dasyncio.debug shows where tasks were created."),
        all);
  }
}
