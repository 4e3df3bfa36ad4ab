package asyncio.internal.bridge;

import asyncio.WaitKind;
import asyncio.internal.scheduler.Fiber;
import asyncio.internal.scheduler.LoopAction;
import asyncio.internal.scheduler.Scheduler;
import asyncio.internal.scheduler.Waiter;
import asyncio.internal.util.Sneaky;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One call that blocks, on a helper thread, and the delivery of its outcome to the coroutine that
 * waits for it. A call that nobody waits for any more is not begun.
 */
public final class HelperJob<T> implements Runnable {
  private final Scheduler scheduler;
  private final Callable<T> body;
  private final @Nullable Consumer<? super T> unwanted;
  private final Waiter waiter;

  // Loop-confined.
  private @Nullable T value;
  private @Nullable Throwable failure;
  private boolean done;

  /**
   * Creates a call.
   *
   * @param what what the coroutine waits for, for reports
   */
  public HelperJob(Fiber fiber, String what, Callable<T> body) {
    this(fiber, what, body, null);
  }

  /**
   * Creates a call whose value has to be released.
   *
   * @param what what the coroutine waits for, for reports
   * @param unwanted what happens to the value if nobody waits for it any more. It must not block: it
   *     runs on the loop, or on the helper thread if the loop has closed
   */
  public HelperJob(
      Fiber fiber, String what, Callable<T> body, @Nullable Consumer<? super T> unwanted) {
    this.scheduler = fiber.scheduler();
    this.body = body;
    this.unwanted = unwanted;
    this.waiter = new Waiter(fiber, WaitKind.HELPER, what);
  }

  /**
   * Runs {@code body} on a thread of {@code pool}. Suspends; a value that came before a cancel is
   * returned.
   *
   * @param what what the coroutine waits for, for reports
   * @throws java.util.concurrent.RejectedExecutionException if the pool has no room
   * @throws Exception what the body throws
   */
  public static <T> T call(HelperPool pool, Fiber fiber, String what, Callable<T> body)
      throws Exception {
    return new HelperJob<>(fiber, what, body).call(pool);
  }

  /** Runs the body on a thread of {@code pool}, as {@link #call(HelperPool, Fiber, String, Callable)}. */
  public T call(HelperPool pool) throws Exception {
    HelperPool.Submitted submitted = pool.submit(this);
    scheduler.helperStarted();
    return await(submitted);
  }

  /** Ends the wait, if there is one: it throws {@link GivenUp}. On the loop's own thread. */
  public void giveUp() {
    waiter.wake();
  }

  /** The call was given up. */
  public static final class GivenUp extends Exception {
    private static final long serialVersionUID = 1L;

    private GivenUp() {
      super("the call was given up", null, false, false);
    }
  }

  /** On the helper thread. */
  @Override
  public void run() {
    T made = null;
    Throwable failed = null;
    try {
      made = body.call();
    } catch (Throwable e) {
      failed = e;
    }
    T came = made;
    Throwable why = failed;
    // If the loop has closed meanwhile, it has cancelled the waiting coroutine.
    boolean sent = scheduler.trySend(LoopAction.of(() -> {
      scheduler.helperEnded();
      value = came;
      failure = why;
      done = true;
      if (!waiter.wake()) {
        discard(came);
      }
    }));
    if (!sent) {
      discard(came);
    }
  }

  private void discard(@Nullable T came) {
    if (came != null && unwanted != null) {
      unwanted.accept(came);
    }
  }

  private T await(HelperPool.Submitted submitted) throws Exception {
    try {
      waiter.awaitValue();
      if (!done) {
        throw new GivenUp();
      }
    } catch (Throwable givenUp) {
      if (submitted.withdraw()) {
        scheduler.helperEnded();
      }
      throw givenUp;
    }
    if (failure != null) {
      throw Sneaky.rethrow(failure);
    }
    return Objects.requireNonNull(value);
  }
}
