package asyncio;

import asyncio.internal.log.Logs;
import asyncio.internal.net.ClientCounts;
import asyncio.internal.scheduler.Fiber;
import asyncio.internal.tls.TlsSetupException;
import asyncio.internal.util.Causes;
import asyncio.internal.util.Sneaky;
import java.io.IOException;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What a server does with one client, in its task: TLS, the handler, the close, and who hears of a
 * failure. Loop-confined.
 */
final class ServedClient {
  private final EventLoop loop;
  private final Connection client;
  private final String name;

  /** Where the server was started, for reports in debug mode. */
  private final Supplier<List<StackTraceElement>> startedAt;

  ServedClient(
      EventLoop loop, Connection client, String name, Supplier<List<StackTraceElement>> startedAt) {
    this.loop = loop;
    this.client = client;
    this.name = name;
    this.startedAt = startedAt;
  }

  /** Serves the client. Waits. */
  void serve(ConnectionHandler handler, @Nullable ServerTls tls, ClientCounts counts) {
    if (client.isClosed()) {
      return; // whoever created this task failed afterwards
    }
    if (tls != null && !startTls(tls, counts)) {
      return;
    }
    boolean told = false;
    try {
      handler.handle(client);
    } catch (Throwable failure) {
      if (Causes.isFatal(failure) || isCancel(failure)) {
        throw Sneaky.rethrow(failure);
      }
      told = report(failure);
    }
    try {
      client.close();
    } catch (IOException lost) {
      // The peer has gone: there is nobody to tell, because a handler that wanted to know would
      // have closed the connection itself. But somebody must learn of data that this side cut off.
      if (client.wasCut() && !told) {
        tell("Some of what the handler of '" + name + "' wrote could not be sent.", lost);
      }
    }
  }

  /** A handshake that fails is not reported: any stranger can make one fail. */
  private boolean startTls(ServerTls tls, ClientCounts counts) {
    try {
      client.startTls(tls);
      return true;
    } catch (TlsSetupException own) {
      counts.failedHandshakes++;
      tell("TLS can't be begun with any client.", own);
      return false;
    } catch (IOException failure) {
      counts.failedHandshakes++;
      Logs.NET.log(System.Logger.Level.DEBUG, () -> String.valueOf(failure.getMessage()));
      return false;
    }
  }

  /** Returns whether the failure was told, and not only logged. */
  private boolean report(Throwable failure) {
    if ((client.link().explains(failure) && !client.wasCut())
        || (client.closedByServer && Causes.any(failure, IOException.class::isInstance))) {
      // The peer left: not the handler's fault, and a thousand clients may leave at once.
      Logs.NET.log(
          System.Logger.Level.DEBUG, () -> "The handler of '" + name + "' ended: " + failure);
      return false;
    }
    tell("The handler of '" + name + "' failed; its connection is closed.", failure);
    return true;
  }

  private void tell(String what, Throwable failure) {
    loop.callExceptionHandler(new ExceptionContext(what, failure, name, startedAt.get()));
  }

  /**
   * Returns whether the running task was cancelled, perhaps in foreign code that then threw this.
   */
  private boolean isCancel(Throwable failure) {
    Fiber fiber = client.link().scheduler.currentFiber();
    return fiber != null && fiber.isCancel(failure);
  }
}
