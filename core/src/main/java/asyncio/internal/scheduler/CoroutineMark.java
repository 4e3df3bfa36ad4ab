package asyncio.internal.scheduler;

/**
 * Tells which loop a thread is a coroutine of, in constant time however many loops there are. It is
 * set as the thread's handler of uncaught exceptions, the only thing that public API lets a virtual
 * thread carry at no cost. A thread-local would cost each coroutine a map, and a scoped value its
 * bindings.
 *
 * <p>As a handler it receives only what fails outside a coroutine's body, and passes that on to
 * where it would go otherwise.
 */
public final class CoroutineMark implements Thread.UncaughtExceptionHandler {
  final Scheduler scheduler;

  /** Creates the mark of the coroutines of {@code scheduler}. */
  public CoroutineMark(Scheduler scheduler) {
    this.scheduler = scheduler;
  }

  @Override
  public void uncaughtException(Thread thread, Throwable failure) {
    ThreadGroup group = thread.getThreadGroup();
    if (group != null) {
      group.uncaughtException(thread, failure);
    }
  }
}
