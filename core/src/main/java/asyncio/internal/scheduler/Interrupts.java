package asyncio.internal.scheduler;

import asyncio.internal.util.Causes;
import java.io.InterruptedIOException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.channels.ClosedByInterruptException;

/** Recognises the exceptions that foreign code throws when its thread is interrupted. */
final class Interrupts {
  private Interrupts() {}

  /** Whether foreign code threw this because of an interrupt. */
  static boolean explain(Throwable failure) {
    return Causes.any(failure, Interrupts::tellsOfOne);
  }

  private static boolean tellsOfOne(Throwable one) {
    return one instanceof InterruptedException
        || one instanceof ClosedByInterruptException
        || (one instanceof InterruptedIOException && !(one instanceof SocketTimeoutException))
        || (one instanceof SocketException
            && "Closed by interrupt".equals(Causes.answer(one::getMessage)));
  }
}
