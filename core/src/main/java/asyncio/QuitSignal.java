package asyncio;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;

/**
 * Prints a dump on {@code kill -QUIT}: the stacks of the JVM's threads and the wait graphs of all
 * loops. The JVM has that signal for itself, unless it runs with {@code -Xrs}; then it prints
 * nothing on its own.
 */
final class QuitSignal implements Consumer<String> {
  private static boolean installed;

  private QuitSignal() {}

  /** Handles the signal from now on, where that is possible. The first call does it. Any thread. */
  static synchronized void install() {
    if (installed || !Signals.POSSIBLE) {
      return;
    }
    installed = true;
    try {
      SignalBridge.handle("QUIT", new QuitSignal());
    } catch (IllegalArgumentException takenByTheJvm) {
      // Without -Xrs, and where the system has no such signal.
    }
  }

  @Override
  public void accept(String signal) {
    // The process's own, and never closed: a program may have put anything in the place of
    // System's.
    var error = new PrintStream(new FileOutputStream(FileDescriptor.err), true);
    error.println(threads() + Asyncio.dump());
  }

  private static String threads() {
    var text = new StringBuilder();
    for (Map.Entry<Thread, StackTraceElement[]> entry : Thread.getAllStackTraces().entrySet()) {
      Thread thread = Objects.requireNonNull(entry.getKey());
      text.append('"').append(thread.getName()).append("\" ").append(thread.getState());
      for (StackTraceElement frame : entry.getValue()) {
        text.append(System.lineSeparator()).append("    at ").append(frame);
      }
      text.append(System.lineSeparator()).append(System.lineSeparator());
    }
    return text.toString();
  }
}
