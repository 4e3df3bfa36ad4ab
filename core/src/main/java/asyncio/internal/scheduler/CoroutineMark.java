package asyncio.internal.scheduler;

/**
 * Tells which loop a thread is a coroutine of, in constant time however many loops there are: it
 * stands where a thread keeps its handler of uncaught exceptions, the one thing that public API
 * lets a virtual thread carry for nothing. A thread-local would cost each coroutine a map, and a
 * scoped value its bindings.
 *
 * <p>Nothing reaches it as a handler but what fails outside a coroutine's body, and that goes where
 * it would go without.
 */
public final class CoroutineMark implements Thread.UncaughtExceptionHandler {
  final Scheduler scheduler;

  /** The mark of the coroutines of {@code scheduler}. */
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
