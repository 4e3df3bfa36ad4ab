package asyncio.internal.loop;

import org.jspecify.annotations.Nullable;

/** Waiters in the order in which they came, with removal in constant time. Confined to the loop. */
public final class WaiterList {
  private @Nullable Waiter first;
  private @Nullable Waiter last;
  private int size;

  /** Adds a waiter that stands in no list at the end. */
  public void add(Waiter waiter) {
    waiter.previous = last;
    if (last == null) {
      first = waiter;
    } else {
      last.following = waiter;
    }
    last = waiter;
    waiter.listed = true;
    size++;
  }

  /** Removes a waiter; does nothing when it stands in no list. */
  public void remove(Waiter waiter) {
    if (!waiter.listed) {
      return;
    }
    Waiter before = waiter.previous;
    Waiter after = waiter.following;
    if (before == null) {
      first = after;
    } else {
      before.following = after;
    }
    if (after == null) {
      last = before;
    } else {
      after.previous = before;
    }
    waiter.previous = null;
    waiter.following = null;
    waiter.listed = false;
    size--;
  }

  /** The first waiter, left where it is; null when there is none. */
  public @Nullable Waiter peek() {
    return first;
  }

  /** Removes and returns the first waiter; null when there is none. */
  public @Nullable Waiter poll() {
    Waiter waiter = first;
    if (waiter != null) {
      remove(waiter);
    }
    return waiter;
  }

  /**
   * Wakes the first waiter that still waits, removing those before it. Returns false when there is
   * none.
   */
  public boolean wakeFirst() {
    for (Waiter waiter = poll(); waiter != null; waiter = poll()) {
      if (waiter.wake()) {
        return true;
      }
    }
    return false;
  }

  /** Wakes all waiters in order and empties the list. */
  public void wakeAll() {
    for (Waiter waiter = poll(); waiter != null; waiter = poll()) {
      waiter.wake();
    }
  }

  /** Forgets all waiters, whose loop has closed. */
  public void clear() {
    while (poll() != null) {}
  }

  /** How many waiters stand in the list. */
  public int size() {
    return size;
  }

  /** Whether no waiter stands in the list. */
  public boolean isEmpty() {
    return first == null;
  }
}
