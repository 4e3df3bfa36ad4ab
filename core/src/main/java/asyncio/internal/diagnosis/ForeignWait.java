package asyncio.internal.diagnosis;

import java.util.List;

/** Examines a coroutine that is parked in foreign code. On the loop only. */
final class ForeignWait {
  /** Frames in which a thread waits for the outside world: sockets, processes, HTTP. */
  private static final List<String> WORLD = List.of(
      "sun.nio.ch.",
      "java.net.",
      "jdk.internal.net.http.",
      "java.lang.Process",
      "sun.security.ssl.");

  private ForeignWait() {}

  /** Whether its wait ends by time, or by something outside this process. */
  static boolean endsByItself(Thread thread) {
    Thread.State state = thread.getState();
    if (state != Thread.State.WAITING && state != Thread.State.BLOCKED) {
      return true;
    }
    for (StackTraceElement frame : thread.getStackTrace()) {
      for (String type : WORLD) {
        if (frame.getClassName().startsWith(type)) {
          return true;
        }
      }
    }
    return false;
  }
}
