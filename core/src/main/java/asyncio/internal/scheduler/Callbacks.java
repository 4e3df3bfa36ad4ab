package asyncio.internal.scheduler;

import asyncio.internal.util.CreationSite;
import org.jspecify.annotations.Nullable;

/**
 * Calls user callbacks on a coroutine, in the order of the ready queue. Consecutive ones share one
 * step of one reused coroutine, the runner. If a callback parks in foreign code, that runner is
 * left to it and the next callback gets another one, so that the order of starts is kept.
 * Loop-confined.
 */
final class Callbacks {
  private final Scheduler scheduler;
  private @Nullable CallbackFiber runner;

  Callbacks(Scheduler scheduler) {
    this.scheduler = scheduler;
  }

  /** Calls {@code first} and what follows it. On the loop's own thread. */
  void run(Callback first) {
    CallbackFiber idle = runner;
    if (idle == null) {
      idle = new CallbackFiber(scheduler);
      runner = idle;
    }
    idle.first = first;
    idle.state = Fiber.READY;
    scheduler.carrier.resume(idle);
  }

  /** Notes that a coroutine left its step other than by one of our waits. */
  void parkedInForeignCode(Fiber fiber) {
    if (fiber == runner) {
      runner = null;
    }
  }

  /** Lets the idle runner end. On the loop's own thread, when the loop closes. */
  void close() {
    CallbackFiber idle = runner;
    runner = null;
    if (idle != null && idle.state == Fiber.WAITING) {
      idle.state = Fiber.READY;
      scheduler.carrier.resume(idle);
    }
  }

  private final class CallbackFiber extends Fiber {
    @Nullable
    Callback first;

    /** Also read by the watchdog. */
    private @Nullable Callback calling;

    CallbackFiber(Scheduler scheduler) {
      super(scheduler);
    }

    @Override
    protected void body() {
      while (true) {
        Callback callback = first;
        first = null;
        while (callback != null) {
          call(callback);
          if (runner != this) {
            return;
          }
          callback = scheduler.nextCallback();
        }
        state = WAITING;
        scheduler.carrier.suspend(this);
        if (runner != this) {
          return;
        }
      }
    }

    private void call(Callback callback) {
      setContext(callback.runsIn());
      calling = callback;
      try {
        callback.call();
      } catch (Throwable failure) {
        scheduler.host().callbackFailed(callback, failure);
      } finally {
        calling = null; // otherwise an idle runner would keep alive what the callback references
        settle(null);
        setContext(null);
      }
    }

    @Override
    protected void failedToStart(Throwable failure) {
      runner = null;
      scheduler.fatal(failure);
    }

    @Override
    protected boolean mayWait() {
      return false;
    }

    @Override
    public String describe() {
      return "a callback";
    }

    @Override
    public @Nullable CreationSite origin() {
      Callback called = calling;
      return called == null ? null : called.origin();
    }
  }
}
