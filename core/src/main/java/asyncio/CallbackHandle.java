package asyncio;

import asyncio.internal.scheduler.Callback;
import asyncio.internal.util.CreationSite;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/** A user callback in the ready queue. */
sealed class CallbackHandle extends Callback implements Handle {
  private static final VarHandle CALLBACK;

  static {
    try {
      CALLBACK =
          MethodHandles.lookup().findVarHandle(CallbackHandle.class, "callback", Runnable.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private static final Runnable CALLED_OFF = new CalledOff();

  private static final class CalledOff implements Runnable {
    @Override
    public void run() {
      throw new AssertionError("a mark was called: a bug, please report it");
    }
  }

  /**
   * Null once called and CALLED_OFF once cancelled, so that nothing is held longer than needed. Any
   * thread: if it is called and cancelled at the same time, only one succeeds.
   */
  private volatile @Nullable Runnable callback;

  /** Null for an empty context that nobody has asked for. Loop-confined. */
  private @Nullable Context context;

  CallbackHandle(Runnable callback, @Nullable Context context) {
    this.callback = callback;
    this.context = context;
  }

  /** Makes a handle, in debug mode one that records where it was scheduled. */
  static CallbackHandle make(boolean debug, Runnable callback, @Nullable Context context) {
    return debug ? new Traced(callback, context) : new CallbackHandle(callback, context);
  }

  @Override
  protected final void call() {
    Runnable code = callback;
    if (code != null && code != CALLED_OFF && CALLBACK.compareAndSet(this, code, (Runnable) null)) {
      code.run();
    }
  }

  @Override
  protected final @Nullable Context runsIn() {
    return context;
  }

  @Override
  public final void cancel() {
    Runnable code = callback;
    if (code != null) {
      CALLBACK.compareAndSet(this, code, CALLED_OFF);
    }
  }

  @Override
  public final boolean isCancelled() {
    return callback == CALLED_OFF;
  }

  @Override
  public final Context context() {
    Context made = context;
    if (made == null) {
      made = new Context();
      context = made;
    }
    return made;
  }

  /** For its text and that of a timer. */
  String state() {
    Runnable code = callback;
    return code == null ? "called" : code == CALLED_OFF ? "cancelled" : "pending";
  }

  @Override
  public final String toString() {
    return "Handle[" + state() + "]";
  }

  /** A callback that knows where it was scheduled, for debug mode. */
  private static final class Traced extends CallbackHandle {
    private final CreationSite scheduledAt = CreationSite.here();

    Traced(Runnable callback, @Nullable Context context) {
      super(callback, context);
    }

    @Override
    public CreationSite origin() {
      return scheduledAt;
    }

    @Override
    String state() {
      return super.state() + ", " + scheduledAt;
    }
  }
}
