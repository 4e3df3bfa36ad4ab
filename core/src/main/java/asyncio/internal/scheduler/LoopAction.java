package asyncio.internal.scheduler;

/**
 * A piece of the library's own work that another thread sends to the loop, such as a cancel or the
 * completion of a helper. It runs on the loop's own thread: it may change the loop's state, but
 * never call user code, log or block.
 */
public abstract class LoopAction extends Step {
  /** Does the work. */
  protected abstract void act();

  @Override
  public final void run(Scheduler scheduler) {
    act();
  }

  /** Returns an action that runs {@code work}. */
  public static LoopAction of(Runnable work) {
    return new LoopAction() {
      @Override
      protected void act() {
        work.run();
      }
    };
  }
}
