package asyncio.internal.task;

import asyncio.internal.scheduler.Fiber;
import asyncio.internal.scheduler.Scheduler;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CancellationException;
import org.jspecify.annotations.Nullable;

/**
 * What the rest of the library does with a future beyond its public methods. These are the methods
 * of {@link AbstractFuture} of the same names; see there. On the loop unless noted otherwise.
 */
public final class Futures {
  private Futures() {}

  // ---- completing ----

  /** Ends it with a result unless it is done; returns whether it did. */
  public static <T extends @Nullable Object> boolean finish(AbstractFuture<T> future, T result) {
    return future.finish(result);
  }

  /** Ends it with a failure unless it is done; returns whether it did. */
  public static boolean fail(AbstractFuture<?> future, Throwable failure) {
    return future.fail(failure);
  }

  /** Ends it cancelled unless it is done, with a message or an error; returns whether it did. */
  public static boolean endCancelled(AbstractFuture<?> future, @Nullable Object why) {
    return future.endCancelled(why);
  }

  /** Cancels it: a task is asked to unwind, any other future ends now. */
  public static boolean cancel(AbstractFuture<?> future, @Nullable String message) {
    return future.cancelOnLoop(message);
  }

  /** Cancels it, from any thread; returns false if it is done already. */
  public static boolean cancelFromAnyThread(AbstractFuture<?> future, @Nullable String message) {
    return future.cancel(message);
  }

  // ---- reading: any thread ----

  /** Returns the loop it belongs to. */
  public static Scheduler scheduler(AbstractFuture<?> future) {
    return future.scheduler;
  }

  /** Returns whether it has an outcome. */
  public static boolean isDone(AbstractFuture<?> future) {
    return future.isDone();
  }

  /** Returns whether it has been cancelled. */
  public static boolean isCancelled(AbstractFuture<?> future) {
    return future.isCancelled();
  }

  /** Returns the result without waiting; a failure is thrown. */
  public static <T extends @Nullable Object> T result(AbstractFuture<T> future) {
    return future.result();
  }

  /** Returns whether it is done and has a result. */
  public static boolean succeeded(AbstractFuture<?> future) {
    return future.succeeded();
  }

  /** Returns whether it is done and has a failure; a cancellation is not one. */
  public static boolean failed(AbstractFuture<?> future) {
    return future.failed();
  }

  /** Returns why it failed; must be called only on a failed future. */
  public static Throwable failure(AbstractFuture<?> future) {
    return future.failure();
  }

  /** Returns what the next receiver of an unsuccessful future gets; checked exceptions are bare. */
  public static Throwable failureForReceiver(AbstractFuture<?> future) {
    return future.failureForReceiver();
  }

  /** Returns what failed in the cleanup of a task that ended cancelled. */
  public static List<Throwable> suppressedByCancel(AbstractFuture<?> future) {
    return future.suppressedByCancel();
  }

  /** Returns the cancellation as java.util.concurrent reports it. */
  public static CancellationException cancellation(AbstractFuture<?> future) {
    return future.cancellation();
  }

  /** Records that somebody has received the failure, or will: it will not be reported. */
  public static void markRetrieved(AbstractFuture<?> future) {
    future.markRetrieved();
  }

  /** Returns its state in a word, the class of its failure, and in debug mode where it was made. */
  public static String stateText(AbstractFuture<?> future) {
    return future.stateText() + future.creationText();
  }

  // ---- awaiting: on a coroutine of the loop ----

  /** Waits until it is done. */
  public static void awaitDone(AbstractFuture<?> future, String what) {
    future.awaitDone(what);
  }

  /** Waits for the result; a failure of one of these types is thrown unchanged. */
  public static <T extends @Nullable Object> T awaitAny(
      AbstractFuture<T> future, Class<?> first, Class<?> second, Class<?> third) {
    return future.awaitAny(first, second, third);
  }

  /** Waits for the result; a failure is thrown unchanged. */
  public static <T extends @Nullable Object> T awaitBare(AbstractFuture<T> future) {
    return future.awaitBare();
  }

  // ---- listeners ----

  /** Returns who waits for it, in the order in which they began. */
  public static Set<Fiber> awaiters(AbstractFuture<?> future) {
    return future.awaiters();
  }

  /** Registers a listener, or notifies it now if the future is done. */
  public static void listen(AbstractFuture<?> future, Listener listener) {
    future.listen(listener);
  }

  /** Removes all registrations of a done callback and returns how many there were. */
  public static int removeCallback(AbstractFuture<?> future, Object callback) {
    return future.removeCallback(callback);
  }

  /** Returns false if the listener was not registered. */
  public static boolean removeListener(AbstractFuture<?> future, Listener listener) {
    return future.removeListener(listener);
  }
}
