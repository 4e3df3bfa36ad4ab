package asyncio.internal.loop;

import asyncio.CarrierKind;
import asyncio.Coroutine;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Coroutines are ordinary virtual threads that hand a baton to each other; the loop is one of them.
 * Public API only.
 *
 * <p>Whoever holds the baton is "the loop's own thread" in the sense of the other classes. A
 * coroutine that suspends gives the baton straight to the next coroutine of the turn, which is
 * twice as fast as going through the loop, and to the loop when the turn is over or something else
 * comes next. All state of the loop is handed over with the baton, by release and acquire.
 */
final class PortableCarrier implements Carrier {
  private final Loop loop;
  private final Thread.Builder.OfVirtual builder;

  /** The loop's own baton: set by who hands it back, taken by the loop. */
  private volatile boolean loopGetsBaton;

  private int blocking;

  /**
   * Held by a coroutine that goes on after its loop has closed, to its end: so they clean up one
   * after the other, as on the loop.
   */
  private final ReentrantLock afterClose = new ReentrantLock();

  PortableCarrier(Loop loop) {
    this.loop = loop;
    this.builder =
        Thread.ofVirtual()
            .inheritInheritableThreadLocals(false)
            .uncaughtExceptionHandler(new CoroutineMark(loop));
  }

  @Override
  public CarrierKind kind() {
    return CarrierKind.PORTABLE;
  }

  @Override
  public int waitHeadroom() {
    return Headroom.PORTABLE_WAIT;
  }

  @Override
  public Thread loopThread(String name, long stackSize, Runnable body) {
    return Thread.ofVirtual().name(name).inheritInheritableThreadLocals(false).unstarted(body);
  }

  @Override
  public void resume(Fiber fiber) {
    if (!give(fiber)) {
      return;
    }
    while (!loopGetsBaton) {
      LockSupport.park(loop);
      // Nobody has a reason to interrupt the loop, and a set flag would turn park into a spin.
      Thread.interrupted();
    }
    loopGetsBaton = false;
  }

  /** Gives the baton to a coroutine; returns false when it could not be started. */
  private boolean give(Fiber fiber) {
    Thread thread = fiber.thread;
    if (thread != null) {
      loop.enter(fiber);
      fiber.giveResumed();
      if (thread != Thread.currentThread()) {
        LockSupport.unpark(thread);
      }
      return true;
    }
    try {
      thread = fiber.makeThread(builder);
    } catch (Throwable failure) {
      notStarted(fiber, failure);
      return false;
    }
    loop.enter(fiber);
    fiber.giveResumed();
    try {
      thread.start();
      return true;
    } catch (Throwable failure) {
      fiber.takeResumed();
      loop.leave();
      notStarted(fiber, failure);
      return false;
    }
  }

  private static void notStarted(Fiber fiber, Throwable failure) {
    fiber.state = Fiber.DONE;
    fiber.failedToStart(failure);
  }

  private void handOver() {
    loop.leave();
    for (Fiber next = loop.nextFiber(); next != null; next = loop.nextFiber()) {
      if (give(next)) {
        return;
      }
    }
    loopGetsBaton = true;
    Thread thread = loop.thread;
    LockSupport.unpark(thread);
  }

  @Override
  public void suspend(Fiber fiber) {
    Recorder recorder = loop.recorder;
    if (recorder == null) {
      handOver();
      awaitBaton(fiber);
      return;
    }
    recorder.stepEnds(fiber);
    handOver();
    awaitBaton(fiber);
    recorder = loop.recorder; // another recording may have begun meanwhile
    if (recorder != null) {
      recorder.stepBegan(fiber);
    }
  }

  /**
   * The baton is with somebody else, so this coroutine has to wait, whatever the JVM says: to
   * unmount a thread it needs most of the stack that is in use once more, and throws where that is
   * not free.
   */
  private static void awaitBaton(Fiber fiber) {
    try {
      fiber.awaitResumed();
    } catch (StackOverflowError cannotUnmount) {
      fiber.awaitResumedMounted();
    }
  }

  @Override
  public void ended(Fiber fiber) {
    if (fiber.state == Fiber.DONE && loop.running == Thread.currentThread()) {
      handOver();
    }
    if (afterClose.isHeldByCurrentThread()) {
      afterClose.unlock();
    }
  }

  @Override
  public <T extends @Nullable Object, X extends Exception> T blocking(
      Fiber fiber, Coroutine<T, X> body) throws X {
    var back = new ComeBack(fiber); // while it has the baton: memory may be short
    fiber.state = Fiber.FOREIGN;
    fiber.inBlocking = true;
    blocking++;
    loop.callbacks.parkedInForeignCode(fiber);
    handOver();
    try {
      return body.run();
    } finally {
      comeBack(fiber, back);
    }
  }

  private void comeBack(Fiber fiber, ComeBack back) {
    boolean open = loop.inbox.add(back);
    if (open) {
      fiber.awaitResumedLater();
    }
    if (!open || back.tooLate) {
      afterClose.lock();
      throw new IllegalStateException(Loop.closedMessage(loop));
    }
    Unmarked.forgetStranger();
    Recorder recorder = loop.recorder;
    if (recorder != null) {
      recorder.stepBegan(fiber);
    }
  }

  /**
   * The step in which a coroutine goes on after {@code blocking}. If the loop closes first, the
   * coroutine gets no baton: it goes on off the loop and fails at once, so that its own clean-up
   * runs.
   */
  private final class ComeBack extends Step {
    private final Fiber fiber;

    /** Written before the coroutine is resumed, read by it after. */
    private boolean tooLate;

    ComeBack(Fiber fiber) {
      this.fiber = fiber;
    }

    @Override
    void run(Loop ignored) {
      blocking--;
      fiber.inBlocking = false;
      resume(fiber);
    }

    void bury() {
      blocking--;
      tooLate = true;
      Thread thread = fiber.thread;
      fiber.giveResumed();
      LockSupport.unpark(thread);
    }
  }

  @Override
  public void bury(Step step) {
    if (step instanceof ComeBack back) {
      back.bury();
    }
  }

  @Override
  public boolean isForeign(Step step) {
    return false;
  }

  @Override
  public boolean lacksThread(@Nullable Fiber current) {
    return loopGetsBaton || (current != null && current.isResumed());
  }

  @Override
  public int foreignWaits() {
    return blocking;
  }
}
