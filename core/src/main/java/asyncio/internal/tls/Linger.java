package asyncio.internal.tls;

import asyncio.internal.engine.StreamHandle;
import asyncio.internal.engine.WriteCompletion;
import asyncio.internal.scheduler.Scheduler;
import asyncio.internal.scheduler.Timer;
import java.io.IOException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Lets the peer of a stream that is about to be closed end as well. If this side closed at once,
 * the
 * system would answer what the peer still sends, such as its own close-notify, with a reset, and
 * that
 * may drop what is on its way there. Loop-confined.
 */
final class Linger implements WriteCompletion {
  /** How many bytes the peer may still send. */
  private static final int MAX = 64 * 1024;

  private final Scheduler scheduler;
  private final StreamHandle stream;
  private @Nullable WriteCompletion told;
  private boolean discarding;

  /** What has to end its output; null once all down to the network have. */
  private @Nullable StreamHandle ending;

  private final Timer limit = new Timer() {
    @Override
    protected void fire() {
      over();
    }
  };

  private Linger(Scheduler scheduler, StreamHandle stream, WriteCompletion told) {
    this.scheduler = scheduler;
    this.stream = stream;
    this.ending = stream;
    this.told = told;
  }

  /**
   * Ends the output of {@code stream}, and drops what comes. Returns whether the peer has ended, too;
   * if not, {@code told} is told, at the latest after {@code timeout}.
   */
  static boolean start(
      Scheduler scheduler, StreamHandle stream, Duration timeout, WriteCompletion told) {
    var linger = new Linger(scheduler, stream, told);
    if (linger.isOver()) {
      return true;
    }
    scheduler.timers().addSleeper(linger.limit, scheduler.deadline(timeout));
    return false;
  }

  private boolean isOver() {
    try {
      while (ending != null) {
        StreamHandle next = ending;
        ending = next instanceof TlsStream tls ? tls.below() : null;
        if (!next.end(false, this)) {
          return false;
        }
      }
      discarding = true;
      return stream.discard(MAX, this);
    } catch (IOException gone) {
      return true;
    }
  }

  @Override
  public void written(int count) {
    if (discarding || isOver()) {
      over();
    }
  }

  @Override
  public void failed(IOException failure) {
    over(); // a peer that resets the connection has ended, too
  }

  private void over() {
    WriteCompletion waiting = told;
    if (waiting != null) {
      told = null;
      scheduler.timers().removeSleeper(limit);
      waiting.written(0);
    }
  }
}
