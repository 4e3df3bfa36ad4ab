package asyncio.internal.loop;

import asyncio.CarrierKind;
import asyncio.Coroutine;
import java.util.IdentityHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Coroutines are virtual threads whose scheduler is this executor: the loop's platform thread
 * carries them all.
 *
 * <p>The loop resumes a coroutine by unparking its thread, which makes the JDK hand its
 * continuation to {@link #execute} at once, and by running that continuation. So the ready queue
 * holds coroutines, not continuations, and knows whom it runs. A continuation that comes without
 * being asked for belongs to a coroutine that was parked in foreign code, to a virtual thread that
 * foreign code started, or is a duplicate (a stack dump resubmits a runnable thread).
 */
final class MountedCarrier implements Carrier, Executor {
  private final Loop loop;
  private final Thread.Builder.OfVirtual builder;

  /** Coroutines parked in foreign code, by the continuation that will come back. Loop-confined. */
  private final IdentityHashMap<Runnable, Fiber> foreign = new IdentityHashMap<>();

  /**
   * The coroutine whose continuation is on its way into {@link #execute}. Loop's own thread only.
   */
  private @Nullable Fiber expected;

  private @Nullable ThreadPoolExecutor afterlife;

  MountedCarrier(Loop loop) {
    this.loop = loop;
    this.builder = Carriers.mountedBuilder(this).inheritInheritableThreadLocals(false);
  }

  @Override
  public CarrierKind kind() {
    return CarrierKind.MOUNTED;
  }

  @Override
  public Thread loopThread(String name, long stackSize, Runnable body) {
    return new Thread(null, body, name, stackSize, false);
  }

  /**
   * Called by the JDK whenever a virtual thread of this loop can go on, from any thread. Must never
   * throw: an exception kills the JDK's unblocker and poller threads. (OutOfMemoryError may pass:
   * the JDK retries.)
   */
  @Override
  public void execute(Runnable continuation) {
    Thread current = Thread.currentThread();
    if (current == loop.thread) {
      Fiber fiber = expected;
      if (fiber != null) {
        expected = null;
        fiber.continuation = continuation;
        return;
      }
      loop.ready.add(new ForeignStep(continuation));
    } else if (current == loop.running) {
      loop.ready.add(new ForeignStep(continuation));
    } else if (!loop.inbox.add(new ForeignStep(continuation))) {
      afterlife().execute(continuation);
    }
  }

  /**
   * Runs what arrives after the loop has closed, so that no thread of the JDK ever sees a
   * rejection.
   */
  private synchronized ThreadPoolExecutor afterlife() {
    ThreadPoolExecutor made = afterlife;
    if (made == null) {
      made =
          new ThreadPoolExecutor(
              1,
              1,
              100,
              TimeUnit.MILLISECONDS,
              new LinkedBlockingQueue<>(),
              task ->
                  Thread.ofPlatform().daemon().name(loop.name() + "-afterlife").unstarted(task));
      made.allowCoreThreadTimeOut(true);
      afterlife = made;
    }
    return made;
  }

  /** The loop has closed: leftovers go to the afterlife. */
  void adopt(Runnable continuation) {
    afterlife().execute(continuation);
  }

  @Override
  public void resume(Fiber fiber) {
    Thread thread = fiber.thread;
    try {
      fiber.giveResumed();
      expected = fiber;
      if (thread == null) {
        thread = fiber.makeThread(builder);
        thread.start();
      } else {
        LockSupport.unpark(thread);
      }
    } catch (Throwable failure) {
      if (fiber.continuation == null) {
        fiber.state = Fiber.DONE;
        fiber.failedToStart(failure);
        return;
      }
      throw failure;
    } finally {
      expected = null;
    }
    mount(fiber, fiber.continuation);
  }

  private void mount(Fiber fiber, @Nullable Runnable continuation) {
    if (continuation == null) {
      throw new AssertionError("the JDK did not submit the continuation: a bug, please report it");
    }
    loop.enter(fiber);
    try {
      continuation.run();
      // While somebody takes a thread's stack it can't run: the call returned and did nothing. That
      // takes microseconds. To run another step first would break the order, and a coroutine that
      // did not run would look like one that parked in foreign code.
      while (fiber.isResumed()) {
        Thread.onSpinWait();
        continuation.run();
      }
    } finally {
      if (fiber.state == Fiber.RUNNING) {
        fiber.state = Fiber.FOREIGN;
        foreign.put(continuation, fiber);
        loop.callbacks.parkedInForeignCode(fiber);
        Region region = fiber.region;
        if (region != null) {
          region.left();
        }
      }
      loop.leave();
    }
  }

  @Override
  public void suspend(Fiber fiber) {
    Recorder recorder = loop.recorder;
    if (recorder == null) {
      fiber.awaitResumed();
      return;
    }
    recorder.stepEnds(fiber);
    fiber.awaitResumed();
    recorder = loop.recorder; // another recording may have begun meanwhile
    if (recorder != null) {
      recorder.stepBegan(fiber);
    }
  }

  @Override
  public void ended(Fiber fiber) {}

  @Override
  public <T extends @Nullable Object, X extends Exception> T blocking(
      Fiber fiber, Coroutine<T, X> body) throws X {
    return body.run();
  }

  /** The loop's own thread is the operating system's business. */
  @Override
  public boolean lacksThread(@Nullable Fiber current) {
    return false;
  }

  @Override
  public boolean isForeign(Step step) {
    // One of a coroutine that waits in one of our own methods is a duplicate, and does nothing.
    return step instanceof ForeignStep one && !foreign.containsKey(one.continuation);
  }

  @Override
  public int foreignWaits() {
    return foreign.size();
  }

  private final class ForeignStep extends Step {
    private final Runnable continuation;

    ForeignStep(Runnable continuation) {
      this.continuation = continuation;
    }

    @Override
    void run(Loop ignored) {
      Fiber fiber = foreign.remove(continuation);
      if (fiber != null) {
        Recorder recorder = loop.recorder;
        if (recorder != null) {
          recorder.stepBegan(fiber);
        }
        mount(fiber, continuation);
      } else {
        loop.enterForeign();
        try {
          continuation.run();
        } finally {
          loop.leave();
        }
      }
    }
  }

  /** Hands what still runs to the afterlife. */
  @Override
  public void bury(Step step) {
    if (step instanceof ForeignStep left) {
      adopt(left.continuation);
    }
  }
}
