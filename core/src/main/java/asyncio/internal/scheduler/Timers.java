package asyncio.internal.scheduler;

import java.util.Arrays;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Pending timers, ordered by time, then by the order in which they were added. Confined to the
 * loop.
 *
 * <p>A heap with four children per node, so that a move looks at one cache line of times. Each
 * timer knows its place, so cancelling removes it immediately and a million timeouts that never
 * expire leave nothing behind. Adding and removing near the leaves, the common cases, touch a
 * constant number of nodes on average.
 */
final class Timers {
  private long[] times = new long[16];
  private @Nullable Timer[] nodes = new @Nullable Timer[16];
  private int size;
  private int sequence;

  void add(Timer timer, long time) {
    if (timer.index >= 0) {
      throw new AssertionError("timer added twice: a bug, please report it");
    }
    if (size == nodes.length) {
      times = Arrays.copyOf(times, 2 * size);
      nodes = Arrays.copyOf(nodes, 2 * size);
    }
    timer.sequence = sequence++;
    siftUp(size++, timer, time);
  }

  /** Removes a timer; does nothing if it is not pending. */
  void remove(Timer timer) {
    int hole = timer.index;
    if (hole < 0) {
      return;
    }
    timer.index = -1;
    size--;
    Timer moved = at(size);
    long movedTime = times[size];
    nodes[size] = null;
    if (hole == size) {
      return;
    }
    if (hole > 0 && before(movedTime, moved, (hole - 1) >> 2)) {
      siftUp(hole, moved, movedTime);
    } else {
      siftDown(hole, moved, movedTime);
    }
  }

  /** Returns the time of the first timer; Long.MAX_VALUE if there is none. */
  long next() {
    return size == 0 ? Long.MAX_VALUE : times[0];
  }

  /** Returns when a pending timer is due. */
  long when(Timer timer) {
    return times[timer.index];
  }

  /**
   * Returns the latest time, not after {@code limit}, of the timers that match {@code asked};
   * Long.MIN_VALUE if none does. Looks at all timers.
   */
  long last(long limit, Predicate<Timer> asked) {
    long last = Long.MIN_VALUE;
    for (int i = 0; i < size; i++) {
      if (times[i] > last && times[i] <= limit && asked.test(at(i))) {
        last = times[i];
      }
    }
    return last;
  }

  /** Removes and returns the first timer if its time is not after {@code now}. */
  @Nullable
  Timer pollDue(long now) {
    if (size == 0 || times[0] > now) {
      return null;
    }
    Timer first = at(0);
    remove(first);
    return first;
  }

  int size() {
    return size;
  }

  private Timer at(int index) {
    Timer timer = nodes[index];
    if (timer == null) {
      throw new AssertionError("hole in the timer heap: a bug, please report it");
    }
    return timer;
  }

  private boolean before(long time, Timer timer, int index) {
    return time < times[index] || (time == times[index] && timer.sequence - at(index).sequence < 0);
  }

  private void put(int index, Timer timer, long time) {
    nodes[index] = timer;
    times[index] = time;
    timer.index = index;
  }

  private void siftUp(int start, Timer timer, long time) {
    int index = start;
    while (index > 0) {
      int parent = (index - 1) >> 2;
      if (!before(time, timer, parent)) {
        break;
      }
      put(index, at(parent), times[parent]);
      index = parent;
    }
    put(index, timer, time);
  }

  private void siftDown(int start, Timer timer, long time) {
    int index = start;
    while (true) {
      int first = 4 * index + 1;
      if (first >= size) {
        break;
      }
      int least = first;
      int end = Math.min(first + 4, size);
      for (int child = first + 1; child < end; child++) {
        if (before(times[child], at(child), least)) {
          least = child;
        }
      }
      if (before(time, timer, least)) {
        break;
      }
      put(index, at(least), times[least]);
      index = least;
    }
    put(index, timer, time);
  }
}
