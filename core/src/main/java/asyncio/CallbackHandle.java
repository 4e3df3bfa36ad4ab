package asyncio;

import asyncio.internal.loop.Callback;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/** A user callback in the ready queue. */
final class CallbackHandle extends Callback implements Handle {
  private static final VarHandle CALLBACK;

  static {
    try {
      CALLBACK =
          MethodHandles.lookup().findVarHandle(CallbackHandle.class, "callback", Runnable.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  @SuppressWarnings("UnnecessaryLambda") // compared by identity, which a method reference has not
  private static final Runnable CALLED_OFF = () -> {};

  /**
   * Null once called and CALLED_OFF once called off, so that nothing is held longer than needed.
   * Any thread: of a call and a cancel at the same time one wins, and says so.
   */
  private volatile @Nullable Runnable callback;

  /** Null for an empty one that nobody has asked for. Loop-confined. */
  private @Nullable Context context;

  CallbackHandle(Runnable callback, @Nullable Context context) {
    this.callback = callback;
    this.context = context;
  }

  @Override
  protected void call() {
    Runnable code = callback;
    if (code != null && code != CALLED_OFF && CALLBACK.compareAndSet(this, code, (Runnable) null)) {
      code.run();
    }
  }

  @Override
  protected @Nullable Context runsIn() {
    return context;
  }

  @Override
  public void cancel() {
    Runnable code = callback;
    if (code != null) {
      CALLBACK.compareAndSet(this, code, CALLED_OFF);
    }
  }

  @Override
  public boolean isCancelled() {
    return callback == CALLED_OFF;
  }

  @Override
  public Context context() {
    Context made = context;
    if (made == null) {
      made = new Context();
      context = made;
    }
    return made;
  }

  String state() {
    Runnable code = callback;
    return code == null ? "called" : code == CALLED_OFF ? "cancelled" : "pending";
  }

  @Override
  public String toString() {
    return "Handle[" + state() + "]";
  }
}
