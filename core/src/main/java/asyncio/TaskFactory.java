package asyncio;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Makes and starts the tasks of a loop, see {@link EventLoop#setTaskFactory}. One of your own wraps
 * {@link #PLAIN} or {@link #EAGER}: it changes the body or the options, or notes the task. The
 * method has a type parameter, so it is given as a method reference or a class, not as a lambda.
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
  /** Tasks begin after all that is ready when they are made, unless their options say otherwise. */
  TaskFactory PLAIN = new BuiltIn(false);

  /**
   * Tasks begin at once, before their creator goes on, unless their options say otherwise; see
   * {@link TaskOptions#withEagerStart}.
   */
  TaskFactory EAGER = new BuiltIn(true);

  /**
   * Makes a task and starts it. Called on the loop, by who makes the task; what it throws is thrown
   * there.
   */
  <T extends @Nullable Object> Task<T> create(
      EventLoop loop, Coroutine<T, ?> body, TaskOptions options);

  /** The two that others wrap. */
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
      var task =
          new Task<T>(loop, options.name(), context != null ? context : Context.inherited(), body);
      return asked != null ? task.start(asked) : task.start(eager);
    }

    @Override
    public String toString() {
      return eager ? "TaskFactory.EAGER" : "TaskFactory.PLAIN";
    }
  }
}
