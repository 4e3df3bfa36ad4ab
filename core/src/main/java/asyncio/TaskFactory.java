package asyncio;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Creates and starts the tasks of a loop; see {@link EventLoop#setTaskFactory}. A custom factory
 * wraps {@link #PLAIN} or {@link #EAGER}: it changes the body or the options, or records the task.
 * The method has a type parameter, so a factory is a method reference or a class, not a lambda.
 *
 * <pre>{@code
 * <T> Task<T> traced(EventLoop loop, Coroutine<T, ?> body, TaskOptions options) {
 *   return TaskFactory.PLAIN.create(loop, () -> {
 *     try (var _ = SPAN.set(newSpan())) {
 *       return body.run();
 *     }
 *   }, options);
 * }
 *
 * runningLoop().setTaskFactory(this::traced);
 * }</pre>
 */
@FunctionalInterface
public interface TaskFactory {
  /**
   * Starts a task after everything that is ready at its creation, unless its options say otherwise.
   */
  TaskFactory PLAIN = new BuiltIn(false);

  /**
   * Starts a task immediately, before its creator continues, unless its options say otherwise; see
   * {@link TaskOptions#withEagerStart}.
   */
  TaskFactory EAGER = new BuiltIn(true);

  /**
   * Creates a task and starts it. Called on the loop, by the code that creates the task; what it
   * throws is thrown there.
   */
  <T extends @Nullable Object> Task<T> create(
      EventLoop loop, Coroutine<T, ?> body, TaskOptions options);

  /** The two factories that others wrap. */
  final class BuiltIn implements TaskFactory {
    private final boolean eager;

    private BuiltIn(boolean eager) {
      this.eager = eager;
    }

    @Override
    public <T extends @Nullable Object> Task<T> create(
        EventLoop loop, Coroutine<T, ?> body, TaskOptions options) {
      loop.scheduler.checkOnLoop("createTask()");
      Objects.requireNonNull(body, "body");
      Context context = options.context();
      Boolean asked = options.eagerStart();
      var task = new Task<T>(
          loop.scheduler, options.name(), context != null ? context : Context.inherited(), body);
      return asked != null ? task.start(asked) : task.start(eager);
    }

    @Override
    public String toString() {
      return eager ? "TaskFactory.EAGER" : "TaskFactory.PLAIN";
    }
  }
}
