package asyncio.internal.scheduler;

/**
 * The message for a coroutine whose own wait pins its thread, so that the loop it waits for could
 * never go on.
 */
final class Pinned {
  private Pinned() {}

  /** Whether the current thread is initialising a class. Walks its stack. */
  static boolean inInitialiser() {
    return StackWalker.getInstance()
        .walk(frames -> frames.anyMatch(frame -> frame.getMethodName().equals("<clinit>")));
  }

  static String describe(Fiber fiber) {
    String frame = "a native frame, or where the JVM had no memory left to save its stack";
    for (StackTraceElement element : Thread.currentThread().getStackTrace()) {
      if (element.getMethodName().equals("<clinit>")) {
        frame = "the class initialiser of " + element.getClassName() + " (" + element + ")";
        break;
      }
    }
    return fiber.describe()
        + " waited inside "
        + frame
        + ": the JVM can't suspend a coroutine there, so the wait held the whole loop '"
        + fiber.scheduler.name()
        + "' and could never end. Move the wait elsewhere, for example into a method called after"
        + " the class is initialised.";
  }
}
