package asyncio.internal.diagnosis;

import asyncio.internal.log.Logs;
import asyncio.internal.scheduler.Scheduler;
import org.jspecify.annotations.Nullable;

/**
 * Detects a run that waits for itself through a class initialiser: {@code static final X = run(()
 * -> …)}. The thread that runs the initialiser waits for the loop; code of the class, such as the
 * lambda, waits on the loop until the initialiser has ended; and the JVM reports nothing.
 *
 * <p>The waiting thread checks this, and only after it has waited for some time. If the loop is
 * right at the entry to user code, where nothing else can block it, this is an error. If it is
 * further in, it may just be computing; then a log record says once what it may be.
 */
public final class StuckInitializer {
  /** Time between two looks. */
  public static final long LOOK_NANOS = 100_000_000;

  /** How many looks in a row must find the same step at the entry. */
  private static final int LOOKS = 5;

  private final Scheduler scheduler;
  private final String what;

  /** The initialiser that the caller is in. */
  private final StackTraceElement initializer;

  private long step;
  private int looks;
  private int atEntry;

  private StuckInitializer(Scheduler scheduler, String what, StackTraceElement initializer) {
    this.scheduler = scheduler;
    this.what = what;
    this.initializer = initializer;
  }

  /**
   * Returns a detector for the class initialiser that the current thread runs; null if it runs
   * none.
   */
  public static @Nullable StuckInitializer ofCaller(Scheduler scheduler, String what) {
    for (StackTraceElement frame : new Throwable().getStackTrace()) {
      if (frame.getMethodName().equals("<clinit>")) {
        return new StuckInitializer(scheduler, what, frame);
      }
    }
    return null;
  }

  /**
   * Looks at the loop once more.
   *
   * @throws IllegalStateException if it waits for the initialiser
   */
  public void look() {
    long now = scheduler.steps();
    if (now != step || (now & 1) == 0) {
      step = now;
      looks = 0;
      atEntry = 0;
      return;
    }
    Thread running = scheduler.runningThread();
    StackTraceElement[] stack =
        running == null ? new StackTraceElement[0] : running.getStackTrace();
    if (scheduler.steps() != step || stack.length == 0) {
      return;
    }
    looks++;
    atEntry = isEntrance(stack[0]) ? atEntry + 1 : 0;
    if (atEntry == LOOKS) {
      throw new IllegalStateException(message()
          + " waits for the loop, and its coroutine needs the class "
          + initializer.getClassName()
          + ", which other threads can't use until the initialiser has ended: both would wait"
          + " for ever. Call it from a method that runs after the class is initialised, or move"
          + " the coroutine's code to another class.");
    }
    if (looks == 2 * LOOKS) {
      Logs.LOOP.log(
          System.Logger.Level.WARNING,
          message()
              + " has waited a second for one step of the loop. If that step needs the class "
              + initializer.getClassName()
              + ", both wait for ever: other threads can't use it until its initialiser has ended."
              + " The step is at "
              + stack[0]
              + ".");
    }
  }

  private String message() {
    return what
        + ", called in the static initialiser of "
        + initializer.getClassName()
        + " ("
        + initializer
        + "),";
  }

  private static boolean isEntrance(StackTraceElement frame) {
    String type = frame.getClassName();
    return type.equals("asyncio.internal.task.TaskFiber") || type.equals("asyncio.WithoutResult");
  }
}
