package asyncio.internal.carrier;

import asyncio.CarrierKind;
import asyncio.Coroutine;
import asyncio.internal.scheduler.Carrier;
import asyncio.internal.scheduler.CoroutineMark;
import asyncio.internal.scheduler.Fiber;
import asyncio.internal.scheduler.Recorder;
import asyncio.internal.scheduler.Region;
import asyncio.internal.scheduler.Scheduler;
import asyncio.internal.scheduler.Step;
import asyncio.internal.util.Headroom;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.WeakHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Runs coroutines as virtual threads whose scheduler is this executor: the loop's platform thread
 * carries them all.
 *
 * <p>The loop resumes a coroutine by unparking its thread, which makes the JDK hand its
 * continuation to {@link #execute} immediately, and by running that continuation. So the ready
 * queue holds coroutines, not continuations, and knows what it runs. A continuation that arrives
 * unrequested belongs to a coroutine that was parked in foreign code, to a virtual thread that
 * foreign code started, or is a duplicate (a stack dump resubmits a runnable thread).
 */
public final class MountedCarrier implements Carrier, Executor {
  private final Scheduler scheduler;
  private final Thread.Builder.OfVirtual builder;

  /** Coroutines parked in foreign code, by the continuation that will come back. Loop-confined. */
  private final IdentityHashMap<Runnable, Fiber> foreign = new IdentityHashMap<>();

  /**
   * The coroutine whose continuation is on its way into {@link #execute}. Loop's own thread only.
   */
  private @Nullable Fiber expected;

  /**
   * Whether the running coroutine was submitted again before its step ended. Loop's own thread
   * only.
   */
  private boolean cameBack;

  /** Continuations of virtual threads that others started here; loop-confined, as is the hold. */
  private @Nullable Set<Runnable> strangers;

  /**
   * The one of {@link #strangers} that is running. Written on the loop, read by the watchdog
   * without ordering.
   */
  private @Nullable Runnable running;

  /** Created at the first park in foreign code; also read by the watchdog. */
  private volatile @Nullable Hold hold;

  private @Nullable ThreadPoolExecutor afterlife;

  MountedCarrier(Scheduler scheduler) {
    this.scheduler = scheduler;
    this.builder = Carriers.mountedBuilder(this)
        .inheritInheritableThreadLocals(false)
        .uncaughtExceptionHandler(new CoroutineMark(scheduler));
  }

  @Override
  public CarrierKind kind() {
    return CarrierKind.MOUNTED;
  }

  @Override
  public int waitHeadroom() {
    return Headroom.MOUNTED_WAIT;
  }

  @Override
  public Thread loopThread(String name, long stackSize, Runnable body) {
    return new Thread(null, body, name, stackSize, false);
  }

  /**
   * Called by the JDK whenever a virtual thread of this loop can continue, from any thread. Must
   * never throw: an exception kills the JDK's unblocker and poller threads. (OutOfMemoryError may
   * pass: the JDK retries.)
   */
  @Override
  public void execute(Runnable continuation) {
    Thread current = Thread.currentThread();
    if (current == scheduler.drivingThread()) {
      Fiber fiber = expected;
      if (fiber != null) {
        expected = null;
        fiber.continuation = continuation;
        return;
      }
      Fiber open = scheduler.runningFiber();
      if (open != null && open.continuation == continuation) {
        cameBack = true; // before it has left its step
      } else {
        scheduler.add(new ForeignStep(continuation));
      }
    } else if (current == scheduler.runningThread()) {
      scheduler.add(new ForeignStep(continuation));
    } else if (!scheduler.inbox().add(new ForeignStep(continuation))) {
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
      made = new ThreadPoolExecutor(
          1,
          1,
          100,
          TimeUnit.MILLISECONDS,
          new LinkedBlockingQueue<>(),
          task ->
              Thread.ofPlatform().daemon().name(scheduler.name() + "-afterlife").unstarted(task));
      made.allowCoreThreadTimeOut(true);
      afterlife = made;
    }
    return made;
  }

  @Override
  public void resume(Fiber fiber) {
    Thread thread = fiber.thread();
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
        fiber.notStarted(failure);
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
    scheduler.enter(fiber);
    try {
      do {
        continuation.run();
        // While somebody takes a thread's stack, the thread can't run: the call returned without
        // doing anything. That lasts microseconds. Running another step first would break the
        // order, and a coroutine that did not run would look like one that parked in foreign code.
        while (fiber.isResumed()) {
          Thread.onSpinWait();
          continuation.run();
        }
      } while (fiber.isRunning() && keeps(fiber, continuation));
    } finally {
      try {
        if (fiber.isRunning()) {
          parkedInForeignCode(fiber, continuation);
        }
        if (cameBack) {
          scheduler.add(new ForeignStep(continuation));
        }
      } finally {
        cameBack = false;
        scheduler.leave();
      }
    }
  }

  private void parkedInForeignCode(Fiber fiber, Runnable continuation) {
    fiber.leavesForForeignCode();
    foreign.put(continuation, fiber);
    scheduler.parkedInForeignCode(fiber);
    Region region = fiber.region();
    if (region != null) {
      region.left();
    }
  }

  /** Whether to keep open the step of a coroutine that parked in foreign code. */
  private boolean keeps(Fiber fiber, Runnable continuation) {
    try {
      Hold made = hold;
      if (made == null) {
        made = new Hold(scheduler, this);
        hold = made;
      }
      return made.keeps(fiber, continuation);
    } catch (Throwable noMemory) {
      return false; // it comes back like any other that parked in foreign code
    }
  }

  // ---- for the hold ----

  /** Returns what keeps steps open; null before the first park in foreign code. Any thread. */
  public @Nullable Hold hold() {
    return hold;
  }

  /** Notes that the coroutine whose step is open was submitted again. */
  void comesBack() {
    cameBack = true;
  }

  /** Whether the coroutine whose step is open was submitted again. */
  boolean hasComeBack() {
    return cameBack;
  }

  /** As {@link #hasComeBack}, and forgets it. */
  boolean takeBack() {
    boolean back = cameBack;
    cameBack = false;
    return back;
  }

  boolean isStepOf(Step step, Runnable continuation) {
    return step instanceof ForeignStep other && other.continuation == continuation;
  }

  /** Whether any thread may be in foreign code here. */
  boolean hasForeign() {
    return !foreign.isEmpty() || strangers != null;
  }

  /** Returns the thread of a step that arrived unrequested. */
  @Nullable
  Thread threadOf(Step step) {
    if (!(step instanceof ForeignStep other)) {
      return null;
    }
    Fiber fiber = foreign.get(other.continuation);
    return fiber != null ? fiber.thread() : Contention.threadOf(other.continuation);
  }

  void addForeign(List<Thread> threads) {
    for (Fiber fiber : foreign.values()) {
      Thread thread = fiber.thread();
      if (thread != null) {
        threads.add(thread);
      }
    }
  }

  void addStrangers(List<Thread> threads) {
    if (strangers != null) {
      for (Runnable continuation : strangers) {
        Thread thread = Contention.threadOf(continuation);
        if (thread != null) {
          threads.add(thread);
        }
      }
    }
  }

  @Override
  public void suspend(Fiber fiber) {
    Recorder recorder = scheduler.recorder();
    if (recorder == null) {
      fiber.awaitResumed();
      return;
    }
    recorder.stepEnds(fiber);
    fiber.awaitResumed();
    recorder = scheduler.recorder(); // another recording may have begun meanwhile
    if (recorder != null) {
      recorder.stepBegan(fiber);
    }
  }

  @Override
  public void ended(Fiber fiber) {}

  @Override
  public <T extends @Nullable Object, X extends Exception> T blocking(
      Fiber fiber, Coroutine<T, X> body) throws X {
    boolean outer = fiber.inBlocking;
    fiber.inBlocking = true;
    try {
      return body.run();
    } finally {
      fiber.inBlocking = outer;
    }
  }

  /** Always false: the loop's own thread is scheduled by the operating system. */
  @Override
  public boolean lacksThread(@Nullable Fiber current) {
    return false;
  }

  @Override
  public boolean isForeign(Step step) {
    // A step of a coroutine that waits in one of our own methods is a duplicate, and does nothing.
    return step instanceof ForeignStep one && !foreign.containsKey(one.continuation);
  }

  @Override
  public @Nullable Thread runningStranger() {
    Runnable continuation = running;
    return continuation == null ? null : Contention.threadOf(continuation);
  }

  @Override
  public List<Thread> strangers() {
    if (strangers == null) {
      return List.of();
    }
    List<Thread> threads = new ArrayList<>();
    addStrangers(threads);
    threads.removeIf(thread -> thread.getState() == Thread.State.TERMINATED);
    return threads;
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
    public void run(Scheduler ignored) {
      Fiber fiber = foreign.get(continuation);
      if (fiber != null) {
        Thread thread = fiber.thread();
        if (fiber.foreignWait == Fiber.AT_A_LOCK && thread != null && !Contention.mayRun(thread)) {
          return; // submitted twice; running it would do nothing, and hold the loop again
        }
        foreign.remove(continuation);
        Recorder recorder = scheduler.recorder();
        if (recorder != null) {
          recorder.stepBegan(fiber);
        }
        mount(fiber, continuation);
      } else {
        if (strangers == null) {
          strangers = Collections.newSetFromMap(new WeakHashMap<>());
        }
        strangers.add(continuation);
        running = continuation;
        scheduler.enterForeign();
        try {
          continuation.run();
        } finally {
          scheduler.leave();
          running = null;
        }
      }
    }
  }

  /** Hands what still runs over to the afterlife. */
  @Override
  public void discard(Step step) {
    if (step instanceof ForeignStep left) {
      afterlife().execute(left.continuation);
    }
  }
}
