package asyncio.internal.task;

import java.util.IdentityHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The listeners of a future that has several, in order of registration. Loop-confined.
 *
 * <p>Removing a listener leaves a gap; when there are more gaps than listeners, the list is
 * compacted. In a long list the position of a listener is looked up in a table: otherwise, if a
 * hundred thousand give up one after another, each would look at all the others. The table is built
 * by the first removal, because most futures have a few listeners that are all notified. A listener
 * that occurs several times was registered several times in a row (a gather of one future several
 * times).
 */
final class ListenerList {
  /** Up to this size, scanning is cheaper than a table. */
  private static final int SHORT = 32;

  /** The listeners from begin to end, with gaps in between; neither end is a gap. */
  private @Nullable Listener[] slots = new Listener[4];

  private int begin;
  private int end;
  private int size;

  /** The last position of each; null until needed. */
  private @Nullable IdentityHashMap<Listener, Integer> table;

  void add(Listener listener) {
    if (end == slots.length) {
      makeRoom();
    }
    IdentityHashMap<Listener, Integer> known = table;
    if (known != null) {
      known.put(listener, end);
    }
    slots[end++] = listener;
    size++;
  }

  /** Adds a listener that is notified before all others. Takes linear time. */
  void addFirst(Listener listener) {
    if (begin == 0) {
      if (end == slots.length) {
        makeRoom();
      }
      System.arraycopy(slots, 0, slots, 1, end);
      begin = 1;
      end++;
      table = null;
    }
    slots[--begin] = listener;
    size++;
    table = null;
  }

  /** Drops abandoned listeners, and makes room for at least as many as are left. */
  private void makeRoom() {
    for (int i = begin; i < end; i++) {
      Listener listener = slots[i];
      if (listener != null && listener.isAbandoned()) {
        slots[i] = null;
        size--;
      }
    }
    moveTogether(size > slots.length / 2 ? slots.length * 2 : slots.length);
  }

  private void moveTogether(int capacity) {
    var together = new @Nullable Listener[capacity];
    int next = 0;
    for (int i = begin; i < end; i++) {
      if (slots[i] != null) {
        together[next++] = slots[i];
      }
    }
    slots = together;
    begin = 0;
    end = next;
    table = null;
  }

  /** Removes one registration of a listener; returns false if it is not registered. */
  boolean remove(Listener listener) {
    int at = find(listener);
    if (at < 0) {
      return false;
    }
    slots[at] = null;
    size--;
    IdentityHashMap<Listener, Integer> known = table;
    if (known != null) {
      if (at > begin && slots[at - 1] == listener) {
        known.put(listener, at - 1); // it has a place there, so this takes no memory
      } else {
        known.remove(listener);
      }
    }
    while (begin < end && slots[begin] == null) {
      begin++;
    }
    while (begin < end && slots[end - 1] == null) {
      end--;
    }
    if (end - begin > SHORT && size < (end - begin) / 2) {
      try {
        moveTogether(Math.max(SHORT, size * 2));
      } catch (OutOfMemoryError noMemory) {
        // They stay where they are: giving up must not fail here.
      }
    }
    return true;
  }

  private int find(Listener listener) {
    if (end - begin > SHORT) {
      try {
        IdentityHashMap<Listener, Integer> known = table;
        if (known == null) {
          known = places();
          table = known;
        }
        Integer at = known.get(listener);
        return at == null ? -1 : at;
      } catch (OutOfMemoryError noMemory) {
        // Scan, as in a short list.
      }
    }
    for (int i = end - 1; i >= begin; i--) {
      if (slots[i] == listener) {
        return i;
      }
    }
    return -1;
  }

  private IdentityHashMap<Listener, Integer> places() {
    IdentityHashMap<Listener, Integer> known = new IdentityHashMap<>(size);
    for (int i = begin; i < end; i++) {
      Listener listener = slots[i];
      if (listener != null) {
        known.put(listener, i);
      }
    }
    return known;
  }

  @Nullable
  Listener first() {
    return begin == end ? null : slots[begin];
  }

  @Nullable
  Listener last() {
    return begin == end ? null : slots[end - 1];
  }

  /** Passes all listeners to a consumer that must not add or remove any. */
  void forEach(Consumer<Listener> seen) {
    for (int i = begin; i < end; i++) {
      Listener listener = slots[i];
      if (listener != null) {
        seen.accept(listener);
      }
    }
  }
}
