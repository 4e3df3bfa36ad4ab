package asyncio.internal.exit;

import asyncio.internal.diagnosis.Dump;
import asyncio.internal.log.Logs;
import asyncio.internal.log.RecordWriter;
import asyncio.internal.util.Stacks;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Prints a dump when the signal named by {@code -Dasyncio.dumpSignal} arrives: the stacks of the
 * JVM's threads and the wait graphs of all loops. Not on QUIT, for which the JVM prints its own
 * dump: it does not give that signal to programs, with {@code -Xrs} or without.
 */
public final class DumpSignal implements Consumer<String> {
  private static final @Nullable String NAME = System.getProperty("asyncio.dumpSignal");

  private static boolean installed;

  private DumpSignal() {}

  /** Handles the signal from now on. Only the first call has an effect. Any thread. */
  public static synchronized void install() {
    String name = NAME;
    if (installed || name == null) {
      return;
    }
    installed = true;
    try {
      if (!Signals.POSSIBLE) {
        throw new IllegalArgumentException("this JVM does not have the module jdk.unsupported");
      }
      SignalBridge.handle(name, new DumpSignal());
    } catch (IllegalArgumentException refused) {
      String text = "-Dasyncio.dumpSignal="
          + name
          + " has no effect: "
          + refused.getMessage()
          + ". Use USR1, which the JVM leaves to programs, or call Asyncio.dump(), which needs"
          + " no signal.";
      RecordWriter.submit(() -> Logs.LOOP.log(System.Logger.Level.WARNING, text));
    }
  }

  /** Whether installing was attempted. Any thread. */
  public static synchronized boolean isInstalled() {
    return installed;
  }

  @Override
  public void accept(String signal) {
    // The stream of the process itself, never closed: a program may have replaced the one of
    // System.
    var error = new PrintStream(new FileOutputStream(FileDescriptor.err), true);
    error.println(threads() + Dump.text());
  }

  private static String threads() {
    var text = new StringBuilder();
    for (Map.Entry<Thread, StackTraceElement[]> entry :
        Thread.getAllStackTraces().entrySet()) {
      Thread thread = Objects.requireNonNull(entry.getKey());
      text.append('"').append(thread.getName()).append("\" ").append(thread.getState());
      Stacks.append(text, entry.getValue());
      text.append(System.lineSeparator()).append(System.lineSeparator());
    }
    return text.toString();
  }
}
