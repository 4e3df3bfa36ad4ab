package asyncio;

import java.util.IdentityHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The listeners of a future that has several, in the order of their registration. Loop-confined.
 *
 * <p>One that is taken out leaves a gap, and where the gaps are more than the listeners these move
 * together. In a long list the place of a listener is looked up in a table: of a hundred thousand
 * that give up one after the other, each would else look at all the others. The first removal makes
 * the table, as most futures have a few listeners that are all told. A listener that stands there
 * several times registered in a row (a gather of one future several times).
 */
final class ListenerList {
  /** Up to here looking at each is cheaper than a table. */
  private static final int SHORT = 32;

  /** From begin to end, with gaps between them; those at both ends are no gaps. */
  private Future.@Nullable Listener[] slots = new Future.Listener[4];

  private int begin;
  private int end;
  private int size;

  /** Where each stands, for the last time; null until it is needed. */
  private @Nullable IdentityHashMap<Future.Listener, Integer> table;

  void add(Future.Listener listener) {
    if (end == slots.length) {
      makeRoom();
    }
    IdentityHashMap<Future.Listener, Integer> known = table;
    if (known != null) {
      known.put(listener, end);
    }
    slots[end++] = listener;
    size++;
  }

  /** Adds a listener that is told before all others. Looks at all of them. */
  void addFirst(Future.Listener listener) {
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

  /** Drops those that nobody needs, and makes room for at least as many as are left. */
  private void makeRoom() {
    for (int i = begin; i < end; i++) {
      Future.Listener listener = slots[i];
      if (listener != null && listener.isAbandoned()) {
        slots[i] = null;
        size--;
      }
    }
    moveTogether(size > slots.length / 2 ? slots.length * 2 : slots.length);
  }

  private void moveTogether(int capacity) {
    var together = new Future.@Nullable Listener[capacity];
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

  /** Takes one out, once; returns false when it does not stand here. */
  boolean remove(Future.Listener listener) {
    int at = find(listener);
    if (at < 0) {
      return false;
    }
    slots[at] = null;
    size--;
    IdentityHashMap<Future.Listener, Integer> known = table;
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
        // They stay where they are: who gives up must not fail in it.
      }
    }
    return true;
  }

  private int find(Future.Listener listener) {
    if (end - begin > SHORT) {
      try {
        IdentityHashMap<Future.Listener, Integer> known = table;
        if (known == null) {
          known = places();
          table = known;
        }
        Integer at = known.get(listener);
        return at == null ? -1 : at;
      } catch (OutOfMemoryError noMemory) {
        // As in a short list then.
      }
    }
    for (int i = end - 1; i >= begin; i--) {
      if (slots[i] == listener) {
        return i;
      }
    }
    return -1;
  }

  private IdentityHashMap<Future.Listener, Integer> places() {
    IdentityHashMap<Future.Listener, Integer> known = new IdentityHashMap<>(size);
    for (int i = begin; i < end; i++) {
      Future.Listener listener = slots[i];
      if (listener != null) {
        known.put(listener, i);
      }
    }
    return known;
  }

  Future.@Nullable Listener first() {
    return begin == end ? null : slots[begin];
  }

  Future.@Nullable Listener last() {
    return begin == end ? null : slots[end - 1];
  }

  /** Shows all to somebody who adds and removes none. */
  void forEach(Consumer<Future.Listener> seen) {
    for (int i = begin; i < end; i++) {
      Future.Listener listener = slots[i];
      if (listener != null) {
        seen.accept(listener);
      }
    }
  }
}
