package asyncio.internal.net;

import asyncio.internal.engine.Sink;
import asyncio.internal.engine.WriteCompletion;
import asyncio.internal.scheduler.Fiber;
import asyncio.internal.scheduler.Waiter;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Something that is sent from where it is. It stays first in line until all of it is sent; what
 * others write meanwhile is sent after it. Loop-confined.
 */
abstract class Sending implements WriteCompletion {
  private final SendBuffer buffer;
  private final Fiber fiber;

  /** Whether the sink has some of it. */
  private boolean underWay;

  private @Nullable Waiter waiter;

  Sending(SendBuffer buffer, Fiber fiber) {
    this.buffer = buffer;
    this.fiber = fiber;
  }

  /** Returns how many bytes are left. */
  abstract long left();

  /**
   * Sends the first of what is left; returns how many bytes, or 0 if that is under way from now on.
   */
  abstract int write(Sink sink) throws IOException;

  /** Records that {@code count} bytes were sent. */
  abstract void advance(int count);

  /** Sends everything, unless the connection is lost or closed meanwhile. Suspends. */
  final void run() {
    goOn();
    while (buffer.isFirst(this)) {
      if (underWay) {
        buffer.await(fiber, this);
      } else {
        buffer.letOthersRun(fiber);
        if (buffer.isFirst(this)) {
          goOn();
        }
      }
    }
  }

  /** Sends what the sink takes, or a fair share of it. */
  private void goOn() {
    try {
      while (left() > 0) {
        int count = write(buffer.sink());
        if (count == 0) {
          underWay = true;
          return;
        }
        taken(count);
        if (buffer.hasSentItsShare()) {
          return;
        }
      }
    } catch (IOException failure) {
      buffer.lose(failure);
      return;
    } catch (RuntimeException gone) { // the arena of its memory was closed
      buffer.lose(Sink.unreadable(gone));
      return;
    }
    buffer.leaves(this);
  }

  /** Records that {@code count} bytes were sent, which nobody has told the buffer. */
  final void taken(int count) {
    advance(count);
    buffer.sent(count);
  }

  /** Says who waits for it to go on. */
  final void waits(@Nullable Waiter wait) {
    waiter = wait;
  }

  /** Ends the wait for it. */
  final void wake() {
    Waiter waiting = waiter;
    if (waiting != null) {
      waiting.wake();
    }
  }

  @Override
  public void written(int count) {
    underWay = false;
    if (!buffer.isFirst(this)) {
      advance(count); // it was dropped meanwhile
      return;
    }
    taken(count);
    goOn();
    if (buffer.isFirst(this) && !underWay) {
      wake();
    }
    buffer.loopHasSent();
  }

  @Override
  public final void moved() {
    buffer.moved();
  }

  @Override
  public void failed(IOException failure) {
    buffer.failed(failure);
  }
}
