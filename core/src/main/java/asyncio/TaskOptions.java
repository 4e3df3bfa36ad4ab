package asyncio;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Options for creating a task. Immutable: each {@code with…} method returns changed options.
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

  /**
   * Returns options for a task named Task-N, in a copy of the current context, started the way its
   * factory does.
   */
  public static TaskOptions defaults() {
    return DEFAULTS;
  }

  /** Sets the task's name, for reports. */
  public TaskOptions withName(String newName) {
    return new TaskOptions(Objects.requireNonNull(newName, "newName"), context, eagerStart);
  }

  /** Sets the context the task runs in: this one, not a copy. */
  public TaskOptions withContext(Context newContext) {
    return new TaskOptions(name, Objects.requireNonNull(newContext, "newContext"), eagerStart);
  }

  /**
   * Sets whether the task's first step runs before its creator continues: up to the first wait, in
   * the program's code or in a library's. If nothing waits, the task is done when {@code
   * createTask} returns. Nothing else runs in between; the creator itself is suspended meanwhile.
   * Ignored if the task is not created by a coroutine of the loop.
   *
   * <p>Without this option the {@link TaskFactory} of the loop decides; {@link TaskFactory#PLAIN}
   * does not start tasks eagerly.
   */
  public TaskOptions withEagerStart(boolean eager) {
    return new TaskOptions(name, context, eager);
  }

  /** Returns the requested name; null for the default. */
  public @Nullable String name() {
    return name;
  }

  /** Returns the requested context; null for the default. */
  public @Nullable Context context() {
    return context;
  }

  /** Returns how the task is to start; null if the factory decides. */
  public @Nullable Boolean eagerStart() {
    return eagerStart;
  }

  @Override
  public String toString() {
    return "TaskOptions[name=" + name + ", context=" + context + ", eagerStart=" + eagerStart + "]";
  }
}
