package asyncio.internal.loop;

import java.io.InterruptedIOException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.channels.ClosedByInterruptException;

/** How foreign code tells that its thread was interrupted. */
final class Interrupts {
  /** So many causes are looked through: a wrapper or two is usual, a circle of causes possible. */
  private static final int DEPTH = 8;

  private Interrupts() {}

  /** Whether an interrupt is why foreign code threw this. */
  static boolean explain(Throwable failure) {
    int depth = 0;
    for (Throwable cause = failure;
        cause != null && depth < DEPTH;
        cause = cause.getCause(), depth++) {
      if (cause instanceof InterruptedException
          || cause instanceof ClosedByInterruptException
          || (cause instanceof InterruptedIOException && !(cause instanceof SocketTimeoutException))
          || (cause instanceof SocketException
              && "Closed by interrupt".equals(cause.getMessage()))) {
        return true;
      }
    }
    return false;
  }
}
