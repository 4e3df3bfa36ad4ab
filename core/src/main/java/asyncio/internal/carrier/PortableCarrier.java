package asyncio.internal.carrier;

import asyncio.CarrierKind;
import asyncio.Coroutine;
import asyncio.internal.scheduler.Carrier;
import asyncio.internal.scheduler.CoroutineMark;
import asyncio.internal.scheduler.Fiber;
import asyncio.internal.scheduler.Recorder;
import asyncio.internal.scheduler.Scheduler;
import asyncio.internal.scheduler.Step;
import asyncio.internal.scheduler.Unmarked;
import asyncio.internal.util.Headroom;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Runs coroutines as ordinary virtual threads that pass a baton to each other; the loop is one of
 * them. Uses only public API.
 *
 * <p>Whoever holds the baton is "the loop's own thread" in the sense of the other classes. A
 * coroutine that suspends gives the baton directly to the next coroutine of the turn, which is
 * twice as fast as going through the loop, and to the loop if the turn is over or something else
 * comes next. The whole state of the loop is handed over with the baton, by release and acquire.
 */
final class PortableCarrier implements Carrier {
  private final Scheduler scheduler;
  private final Thread.Builder.OfVirtual builder;

  /** The loop's own baton: set by whoever hands it back, taken by the loop. */
  private volatile boolean loopGetsBaton;

  private int blocking;

  /**
   * Held by a coroutine that continues after its loop has closed, until it ends, so that such
   * coroutines clean up one after another, as on the loop.
   */
  private final ReentrantLock afterClose = new ReentrantLock();

  PortableCarrier(Scheduler scheduler) {
    this.scheduler = scheduler;
    this.builder = Thread.ofVirtual()
        .inheritInheritableThreadLocals(false)
        .uncaughtExceptionHandler(new CoroutineMark(scheduler));
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
      LockSupport.park(scheduler);
      // Nobody has a reason to interrupt the loop, and a set flag would turn park into a spin.
      Thread.interrupted();
    }
    loopGetsBaton = false;
  }

  /** Gives the baton to a coroutine; returns false if it could not be started. */
  private boolean give(Fiber fiber) {
    Thread thread = fiber.thread();
    if (thread != null) {
      scheduler.enter(fiber);
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
    scheduler.enter(fiber);
    fiber.giveResumed();
    try {
      thread.start();
      return true;
    } catch (Throwable failure) {
      fiber.takeResumed();
      scheduler.leave();
      notStarted(fiber, failure);
      return false;
    }
  }

  private static void notStarted(Fiber fiber, Throwable failure) {
    fiber.notStarted(failure);
  }

  private void handOver() {
    scheduler.leave();
    for (Fiber next = scheduler.nextFiber(); next != null; next = scheduler.nextFiber()) {
      if (give(next)) {
        return;
      }
    }
    loopGetsBaton = true;
    Thread thread = scheduler.drivingThread();
    LockSupport.unpark(thread);
  }

  @Override
  public void suspend(Fiber fiber) {
    Recorder recorder = scheduler.recorder();
    if (recorder == null) {
      handOver();
      awaitBaton(fiber);
      return;
    }
    recorder.stepEnds(fiber);
    handOver();
    awaitBaton(fiber);
    recorder = scheduler.recorder(); // another recording may have begun meanwhile
    if (recorder != null) {
      recorder.stepBegan(fiber);
    }
  }

  /**
   * Waits for the baton. Somebody else has it, so this coroutine must wait, whatever the JVM says:
   * to unmount a thread, the JVM needs most of the stack in use once more, and throws if that is
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
    if (fiber.isDone() && scheduler.runningThread() == Thread.currentThread()) {
      handOver();
    }
    if (afterClose.isHeldByCurrentThread()) {
      afterClose.unlock();
    }
  }

  @Override
  public <T extends @Nullable Object, X extends Exception> T blocking(
      Fiber fiber, Coroutine<T, X> body) throws X {
    var back = new ComeBack(fiber); // created while it has the baton: memory may be short
    fiber.leavesForForeignCode();
    fiber.inBlocking = true;
    blocking++;
    scheduler.parkedInForeignCode(fiber);
    handOver();
    try {
      return body.run();
    } finally {
      comeBack(fiber, back);
    }
  }

  private void comeBack(Fiber fiber, ComeBack back) {
    boolean open = scheduler.inbox().add(back);
    if (open) {
      fiber.awaitResumedLater();
    }
    if (!open || back.tooLate) {
      afterClose.lock();
      throw new IllegalStateException(Scheduler.closedMessage(scheduler));
    }
    Unmarked.forgetStranger();
    Recorder recorder = scheduler.recorder();
    if (recorder != null) {
      recorder.stepBegan(fiber);
    }
  }

  /**
   * The step in which a coroutine continues after {@code blocking}. If the loop closes first, the
   * coroutine does not get the baton: it continues off the loop and fails immediately, so that its
   * own clean-up runs.
   */
  private final class ComeBack extends Step {
    private final Fiber fiber;

    /** Written before the coroutine is resumed, read by the coroutine afterwards. */
    private boolean tooLate;

    ComeBack(Fiber fiber) {
      this.fiber = fiber;
    }

    @Override
    public void run(Scheduler ignored) {
      blocking--;
      fiber.inBlocking = false;
      resume(fiber);
    }

    void discard() {
      blocking--;
      tooLate = true;
      Thread thread = fiber.thread();
      fiber.giveResumed();
      LockSupport.unpark(thread);
    }
  }

  @Override
  public void discard(Step step) {
    if (step instanceof ComeBack back) {
      back.discard();
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
