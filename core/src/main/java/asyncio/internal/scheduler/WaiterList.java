package asyncio.internal.scheduler;

import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Waiters in the order in which they came, with removal in constant time, and the one way in which
 * a coroutine waits in such a list. Confined to the loop.
 */
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

  /**
   * Waits in the list for a permit or a wake-up; see {@link Waiter#awaitPermit}. However that ends,
   * the waiter is out of the list after it, and what it was to get is not lost: {@link
   * Waiter#passOn}.
   *
   * @throws asyncio.CancelledError if cancelled
   */
  public void await(Waiter waiter) {
    add(waiter);
    boolean goesOn = false;
    try {
      waiter.awaitPermit();
      goesOn = true;
    } finally {
      left(waiter, goesOn);
    }
  }

  /**
   * Waits in the list for a value; see {@link Waiter#awaitValue}. As {@link #await} else.
   *
   * @throws asyncio.CancelledError if cancelled before the value was there
   */
  public void awaitValue(Waiter waiter) {
    add(waiter);
    boolean goesOn = false;
    try {
      waiter.awaitValue();
      goesOn = true;
    } finally {
      left(waiter, goesOn);
    }
  }

  private void left(Waiter waiter, boolean goesOn) {
    remove(waiter);
    if (!goesOn && waiter.woken()) {
      waiter.passOn();
    }
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
    for (Waiter waiter = first; waiter != null; waiter = first) {
      boolean woken = waiter.wake(); // before it leaves the list: if it can't be queued, it stays
      remove(waiter);
      if (woken) {
        return true;
      }
    }
    return false;
  }

  /** Wakes all waiters in order and empties the list. */
  public void wakeAll() {
    while (wakeFirst()) {}
  }

  /** Shows all waiters, in order, to somebody who changes nothing. */
  public void forEach(Consumer<Waiter> seen) {
    for (Waiter waiter = first; waiter != null; waiter = waiter.following) {
      seen.accept(waiter);
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
