package asyncio;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * How a task is made. Immutable: each {@code with…} gives changed options.
 *
 * <p>Example: {@code createTask(TaskOptions.defaults().withName("feed").withEagerStart(true),
 * body)}.
 */
public final class TaskOptions {
  private static final TaskOptions DEFAULTS = new TaskOptions(null, null, null);

  private final @Nullable String name;
  private final @Nullable Context context;
  private final @Nullable Boolean eagerStart;

  private TaskOptions(
      @Nullable String name, @Nullable Context context, @Nullable Boolean eagerStart) {
    this.name = name;
    this.context = context;
    this.eagerStart = eagerStart;
  }

  /** A task named Task-N, in a copy of the current context, started as its factory does. */
  public static TaskOptions defaults() {
    return DEFAULTS;
  }

  /** The task's name, for reports. */
  public TaskOptions withName(String newName) {
    return new TaskOptions(Objects.requireNonNull(newName, "newName"), context, eagerStart);
  }

  /** The context the task runs in: this one, no copy. */
  public TaskOptions withContext(Context newContext) {
    return new TaskOptions(name, Objects.requireNonNull(newContext, "newContext"), eagerStart);
  }

  /**
   * Whether the task's first step runs before its creator goes on: up to its first wait, in our
   * code or in others'. Where nothing waits the task is done when {@code createTask} returns.
   * Nothing else runs between; the creator itself is suspended meanwhile. Ignored where no
   * coroutine of the loop makes the task.
   *
   * <p>Without it the {@link TaskFactory} of the loop decides; {@link TaskFactory#PLAIN} does not.
   */
  public TaskOptions withEagerStart(boolean eager) {
    return new TaskOptions(name, context, eager);
  }

  /** The name asked for; null for the default. */
  public @Nullable String name() {
    return name;
  }

  /** The context asked for; null for the default. */
  public @Nullable Context context() {
    return context;
  }

  /** How the task is to start; null where the factory decides. */
  public @Nullable Boolean eagerStart() {
    return eagerStart;
  }

  @Override
  public String toString() {
    return "TaskOptions[name=" + name + ", context=" + context + ", eagerStart=" + eagerStart + "]";
  }
}
