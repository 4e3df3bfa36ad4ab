package asyncio.internal.tls;

import asyncio.internal.engine.Sink;
import asyncio.internal.engine.WriteCompletion;
import asyncio.internal.util.ByteFifo;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** Sends TLS records, and keeps what the stream below does not take. Loop-confined. */
final class RecordQueue implements WriteCompletion {
  private final Sink below;
  private final ByteFifo records = new ByteFifo();

  /** Whether the stream below has the view of {@link #records}. */
  private boolean sending;

  private @Nullable Listener listener;

  /** Is told when records that had to wait are gone, or can't be sent. */
  interface Listener {
    void gone();

    /** Some of them are gone. */
    void moved();

    void lost(IOException failure);
  }

  RecordQueue(Sink below) {
    this.below = below;
  }

  /** Sets who is told. Without anybody, a failure is that of the next operation below. */
  void tell(Listener told) {
    listener = told;
  }

  boolean isEmpty() {
    return records.isEmpty();
  }

  int size() {
    return records.size();
  }

  /** Sends {@code more} behind what waits; what can't be sent at once is copied. */
  void send(ByteBuffer more) throws IOException {
    while (more.hasRemaining() && records.isEmpty()) {
      int count = below.write(more, this);
      if (count == 0) {
        count = below.takeBack();
        more.position(more.position() + count);
        break;
      }
      more.position(more.position() + count);
    }
    if (more.hasRemaining()) {
      if (sending) {
        records.appendBehindView(more);
      } else {
        records.append(more);
        goOn();
      }
    }
  }

  private void goOn() throws IOException {
    while (!records.isEmpty()) {
      int count = below.write(records.view(), this);
      if (count == 0) {
        sending = true;
        return;
      }
      records.discard(count);
    }
    records.clear(); // an idle connection holds no memory
  }

  @Override
  public void written(int count) {
    sending = false;
    records.discard(count);
    try {
      goOn();
    } catch (IOException failure) {
      failed(failure);
      return;
    }
    Listener told = listener;
    if (told != null) {
      if (records.isEmpty()) {
        told.gone();
      } else if (count > 0) {
        told.moved();
      }
    }
  }

  @Override
  public void moved() {
    if (listener != null) {
      listener.moved();
    }
  }

  @Override
  public void failed(IOException failure) {
    sending = false;
    records.clear();
    if (listener != null) {
      listener.lost(failure);
    }
  }
}
