package asyncio.internal.scheduler;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Steps in the order in which they became ready. A ring that grows; confined to the loop. */
final class ReadyQueue {
  private @Nullable Step[] ring = new @Nullable Step[64];
  private int head;
  private int size;

  void add(Step step) {
    if (size == ring.length) {
      grow();
    }
    ring[(head + size) & (ring.length - 1)] = step;
    size++;
  }

  /** Puts a step ahead of all others. */
  void addFirst(Step step) {
    if (size == ring.length) {
      grow();
    }
    head = (head - 1) & (ring.length - 1);
    ring[head] = step;
    size++;
  }

  @Nullable
  Step peek() {
    return size == 0 ? null : ring[head];
  }

  @Nullable
  Step poll() {
    if (size == 0) {
      return null;
    }
    Step step = ring[head];
    ring[head] = null;
    head = (head + 1) & (ring.length - 1);
    size--;
    return step;
  }

  /** Returns the step with {@code index} others before it. */
  @Nullable
  Step get(int index) {
    return ring[(head + index) & (ring.length - 1)];
  }

  int size() {
    return size;
  }

  boolean isEmpty() {
    return size == 0;
  }

  private void grow() {
    int tail = ring.length - head;
    @Nullable Step[] larger = Arrays.copyOfRange(ring, head, head + 2 * ring.length);
    System.arraycopy(ring, 0, larger, tail, head);
    ring = larger;
    head = 0;
  }
}
