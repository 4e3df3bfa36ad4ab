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

  /** Adds a waiter that is in no list at the end. */
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

  /** Removes a waiter; does nothing if it is in no list. */
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
   * the waiter is out of the list afterwards, and what it was to get is not lost; see {@link
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
   * Waits in the list for a value; see {@link Waiter#awaitValue}. Otherwise like {@link #await}.
   *
   * @throws asyncio.CancelledError if cancelled before the value was available
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

  /** Returns the first waiter without removing it; null if there is none. */
  public @Nullable Waiter peek() {
    return first;
  }

  /** Removes and returns the first waiter; null if there is none. */
  public @Nullable Waiter poll() {
    Waiter waiter = first;
    if (waiter != null) {
      remove(waiter);
    }
    return waiter;
  }

  /**
   * Wakes the first waiter that is still waiting, removing it and those before it. Returns false if
   * there is none.
   */
  public boolean wakeFirst() {
    for (Waiter waiter = first; waiter != null; waiter = first) {
      boolean woken =
          waiter.wake(); // before it leaves the list: if it can't be queued, it must stay
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

  /** Passes all waiters, in order, to {@code seen}, which must not change the list. */
  public void forEach(Consumer<Waiter> seen) {
    for (Waiter waiter = first; waiter != null; waiter = waiter.following) {
      seen.accept(waiter);
    }
  }

  /** Forgets all waiters, whose loop has closed. */
  public void clear() {
    while (poll() != null) {}
  }

  /** Returns the number of waiters in the list. */
  public int size() {
    return size;
  }

  /** Whether the list is empty. */
  public boolean isEmpty() {
    return first == null;
  }
}
