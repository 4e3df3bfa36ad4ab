package asyncio.internal.scheduler;

import java.io.IOException;
import java.lang.invoke.VarHandle;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The poller of a loop, opened at its first use: most short programs need none. */
final class LazyPoller {
  private final Scheduler scheduler;
  private final LoopParts parts;

  /** Written on the loop, read by any thread. */
  private volatile @Nullable Poller poller;

  LazyPoller(Scheduler scheduler, LoopParts parts) {
    this.scheduler = scheduler;
    this.parts = parts;
  }

  /**
   * Returns the poller, opening it if necessary. Opening may suspend (the JDK sleeps if memory is
   * short). Meanwhile another coroutine may open one, or the loop may close; the first one stored
   * wins.
   */
  Poller open() throws IOException {
    Poller open = poller;
    if (open != null) {
      return open;
    }
    Poller made;
    try {
      made = parts.poller(scheduler);
    } catch (Throwable failed) {
      Poller ofAnother = poller;
      if (ofAnother != null && !scheduler.closed && failed instanceof IOException) {
        return ofAnother;
      }
      throw failed;
    }
    open = poller;
    if (open == null) {
      open = made;
      poller = made;
    } else {
      made.close();
    }
    // The loop writes that it is closed before it calls close(); here the order is the other way
    // round, so at least one of the two sees what the other did. Closing a poller twice does
    // nothing.
    VarHandle.fullFence();
    if (scheduler.closed) {
      open.close();
      throw new IllegalStateException(Scheduler.closedMessage(scheduler));
    }
    return open;
  }

  /** Returns the poller; null while it is not open. Any thread. */
  @Nullable
  Poller ifOpen() {
    return poller;
  }

  /** Handles what has happened, without waiting. */
  void pollNow() throws IOException {
    Poller open = poller;
    if (open != null) {
      open.poll(0);
    }
  }

  int openHandles() {
    Poller open = poller;
    return open == null ? 0 : open.openHandles();
  }

  List<Owner> owners() {
    Poller open = poller;
    return open == null ? List.of() : open.owners();
  }

  /** Closes it, after the loop has been marked as closed. */
  void close() {
    VarHandle.fullFence(); // see open()
    Poller open = poller;
    if (open != null) {
      open.close();
    }
  }
}
