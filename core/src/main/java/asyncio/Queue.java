package asyncio;

import asyncio.internal.scheduler.Current;
import asyncio.internal.scheduler.Fiber;
import asyncio.internal.scheduler.LoopBinding;
import asyncio.internal.scheduler.Waiter;
import asyncio.internal.scheduler.WaiterList;
import asyncio.internal.util.SortedItems;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A first-in, first-out queue between tasks of one loop. {@link LifoQueue} and {@link
 * PriorityQueue} return items in another order.
 *
 * <pre>{@code
 * for (Job job : jobs) {      // waits inside next(); ends when the queue is shut down and empty
 *   work(job);
 *   jobs.taskDone();
 * }
 * }</pre>
 *
 * @param <T> the type of the items, which are never null
 */
public sealed class Queue<T> implements Iterable<T> permits LifoQueue, PriorityQueue {
  // Immutable.
  private final int maxSize;

  // Loop-confined.
  private final LoopBinding home = new LoopBinding() {
    @Override
    protected void moved() {
      getters.clear();
      putters.clear();
      joiners.clear();
      reserved = 0; // held for putters that never resume or find their loop closed
    }
  };
  private final Store<T> items;
  private final WaiterList getters = new WaiterList();
  private final WaiterList putters = new WaiterList();
  private final WaiterList joiners = new WaiterList();

  /** Room kept for items whose place is still being found: a putter may suspend while it looks. */
  private int reserved;

  private int unfinished;
  private boolean shutDown;

  /** Creates a queue without a bound. */
  public Queue() {
    this(0);
  }

  /**
   * Creates a queue.
   *
   * @param maxSize the number of items it holds before {@link #put} waits; 0 or less for no bound
   */
  public Queue(int maxSize) {
    this(maxSize, new Fifo<>());
  }

  /** Creates a queue that returns its items in the order of {@code items}. */
  Queue(int maxSize, Store<T> items) {
    this.maxSize = maxSize;
    this.items = items;
  }

  // ---- its items ----

  /** The items of a queue, in the order in which they are removed. Loop-confined. Never fails. */
  abstract static sealed class Store<T> permits Line, Sorted {
    /** Removes and returns the next item; there must be one. */
    abstract T remove();

    abstract int size();

    abstract void clear();

    final boolean isEmpty() {
      return size() == 0;
    }
  }

  /** Items whose order does not depend on comparing them. */
  abstract static non-sealed class Line<T> extends Store<T> {
    abstract void add(T item);
  }

  /** Items in the order of a comparator, which finds the place of each before it is added. */
  static final class Sorted<T> extends Store<T> {
    final SortedItems<T> sorted;

    Sorted(Comparator<? super T> comparator) {
      sorted = new SortedItems<>(comparator);
    }

    @Override
    T remove() {
      return sorted.remove();
    }

    @Override
    int size() {
      return sorted.size();
    }

    @Override
    void clear() {
      sorted.clear();
    }
  }

  private static final class Fifo<T> extends Line<T> {
    private final ArrayDeque<T> items = new ArrayDeque<>();

    @Override
    void add(T item) {
      items.addLast(item);
    }

    @Override
    T remove() {
      return items.removeFirst();
    }

    @Override
    int size() {
      return items.size();
    }

    @Override
    void clear() {
      items.clear();
    }
  }

  // ---- putting ----

  /**
   * Adds an item.
   *
   * <p><i>Waits</i> until there is room; does not suspend if there is. A task that takes an item
   * lets the first waiting putter in immediately, so items are added strictly in the order of the
   * calls and no newcomer overtakes. A {@link PriorityQueue} instead keeps the room for that putter
   * until it has compared its item.
   *
   * <p><i>If cancelled</i>: {@link CancelledError}; the item is not added. If the cancellation
   * arrives after the item has been added, it is delivered at the next wait.
   *
   * <p><i>Thread</i>: a coroutine.
   *
   * @throws QueueShutDownException if the queue is shut down, before the call or during it
   * @throws RuntimeException whatever the comparator of a {@link PriorityQueue} throws; the item is
   *     not added
   */
  public void put(T item) {
    Objects.requireNonNull(item, "A queue holds no null");
    Fiber fiber = home.requireTask("Queue.put()");
    refuseIfShutDown();
    boolean added;
    if (!full()) {
      added = add(item);
    } else if (items instanceof Sorted<T> store) {
      var putter = new Reserving(fiber, store.sorted.draw());
      putters.await(putter);
      added = putter.hasRoom && addInReserved(store.sorted, item, putter.number);
    } else {
      var putter = new Handing(fiber, item);
      putters.awaitValue(putter);
      added = putter.entered;
      if (!added) {
        // Woken by the shutdown: no value can be lost, so a pending cancel may be thrown.
        fiber.throwIfCancelPending(null);
      }
    }
    if (!added) {
      throw shutDownException();
    }
  }

  /** Adds an item for which there is room; returns false if the queue was shut down meanwhile. */
  private boolean add(T item) {
    if (items instanceof Sorted<T> store) {
      reserved++;
      return addInReserved(store.sorted, item, store.sorted.draw());
    }
    addLast(item);
    return true;
  }

  /** Adds an item that need not be compared. */
  private void addLast(T item) {
    ((Line<T>) items).add(item);
    added();
  }

  /** Adds an item whose room is already reserved; if the item is refused, the room is released. */
  private boolean addInReserved(SortedItems<T> sorted, T item, long number) {
    SortedItems.@Nullable Place place;
    try {
      place = shutDown ? null : sorted.find(item, number);
    } catch (Throwable refused) {
      giveRoomBack();
      throw refused;
    }
    home.require("Queue.put()"); // the loop may have closed meanwhile
    // From here on no user code is called.
    reserved--;
    if (place == null || shutDown) {
      return false;
    }
    place.enter();
    added();
    return true;
  }

  private void giveRoomBack() {
    if (Current.scheduler() != null) { // otherwise the loop has closed meanwhile
      reserved--;
      letPuttersIn();
    }
  }

  private void added() {
    unfinished++;
    getters.wakeFirst();
  }

  /** A task waiting for room. */
  private abstract static class Putter extends Waiter {
    Putter(Fiber fiber) {
      super(fiber, WaitKind.QUEUE, "room in a queue");
    }

    /** Called when the putter has been woken because there is room. */
    abstract void letIn();
  }

  /**
   * Waits together with its item. The task that makes room adds the item: this saves a switch, and
   * no other task can take the room first.
   */
  private final class Handing extends Putter {
    private final T item;
    private boolean entered;

    Handing(Fiber fiber, T item) {
      super(fiber);
      this.item = item;
    }

    @Override
    void letIn() {
      addLast(item);
      entered = true;
    }
  }

  /**
   * Has room reserved for it, but adds its item itself: a comparator may wait or fail, and neither
   * may happen in the task that takes an item.
   */
  private final class Reserving extends Putter {
    /**
     * Drawn when put was called, so that among equal items the one that has waited longer comes
     * first.
     */
    private final long number;

    private boolean hasRoom;

    Reserving(Fiber fiber, long number) {
      super(fiber);
      this.number = number;
    }

    @Override
    protected void passOn() {
      if (hasRoom) {
        giveRoomBack();
      }
    }

    @Override
    void letIn() {
      reserved++;
      hasRoom = true;
    }
  }

  /** Lets waiting putters in, as far as there is room. */
  private void letPuttersIn() {
    while (!full()) {
      Waiter first = putters.poll();
      if (first == null) {
        return;
      }
      if (first.wake()) {
        ((Putter) first).letIn();
      }
    }
  }

  /**
   * Adds an item without waiting.
   *
   * <p><i>Thread</i>: on the loop.
   *
   * @throws QueueFullException if there is no room
   * @throws QueueShutDownException if the queue is shut down
   */
  public void putNowait(T item) {
    Objects.requireNonNull(item, "A queue holds no null");
    home.require("Queue.putNowait()");
    refuseIfShutDown();
    if (full()) {
      throw new QueueFullException(
          "The queue is full with " + maxSize + " items: put() waits for room.");
    }
    if (!add(item)) {
      throw shutDownException();
    }
  }

  /** Adds an item if there is room now; returns whether it did. <i>Thread</i>: on the loop. */
  public boolean tryPut(T item) {
    Objects.requireNonNull(item, "A queue holds no null");
    home.require("Queue.tryPut()");
    return !shutDown && !full() && add(item);
  }

  private void refuseIfShutDown() {
    if (shutDown) {
      throw shutDownException();
    }
  }

  private static QueueShutDownException shutDownException() {
    return new QueueShutDownException("The queue is shut down: it takes no more items.");
  }

  // ---- getting ----

  /**
   * Removes and returns the next item: the one that was put first, unless this kind of queue has
   * another order.
   *
   * <p><i>Waits</i> until there is an item; does not suspend if there is one.
   *
   * <p><i>If cancelled</i>: {@link CancelledError}; no item is lost. If this task had already been
   * woken for an item, the next getter is woken instead.
   *
   * <p><i>Thread</i>: a coroutine.
   *
   * @throws QueueShutDownException if the queue is shut down and empty, before the call or during
   *     it
   */
  public T get() {
    Fiber fiber = home.requireTask("Queue.get()");
    while (items.isEmpty()) {
      refuseIfDrained();
      getters.await(new Getter(fiber));
    }
    return take();
  }

  private T take() {
    T item = items.remove();
    letPuttersIn();
    return item;
  }

  /**
   * Removes and returns the next item without waiting.
   *
   * <p><i>Thread</i>: on the loop.
   *
   * @throws QueueEmptyException if there is no item
   * @throws QueueShutDownException if the queue is shut down and empty
   */
  public T getNowait() {
    home.require("Queue.getNowait()");
    if (items.isEmpty()) {
      refuseIfDrained();
      throw new QueueEmptyException("The queue is empty: get() waits for an item.");
    }
    return take();
  }

  /** Removes and returns the next item, if there is one now. <i>Thread</i>: on the loop. */
  public Optional<T> tryGet() {
    home.require("Queue.tryGet()");
    return items.isEmpty() ? Optional.empty() : Optional.of(getNowait());
  }

  private void refuseIfDrained() {
    if (shutDown) {
      throw new QueueShutDownException(
          "The queue is shut down, and all its items have been taken.");
    }
  }

  private final class Getter extends Waiter {
    Getter(Fiber fiber) {
      super(fiber, WaitKind.QUEUE, "an item in a queue");
    }

    @Override
    protected void passOn() {
      if (!items.isEmpty()) {
        getters.wakeFirst();
      }
    }
  }

  // ---- unfinished items ----

  /**
   * Marks one item taken from the queue as processed; see {@link #join}.
   *
   * <p><i>Thread</i>: on the loop.
   *
   * @throws IllegalStateException if called more often than items were put
   */
  public void taskDone() {
    home.require("Queue.taskDone()");
    if (unfinished == 0) {
      throw new IllegalStateException(
          "taskDone() was called more times than items were put into the queue.");
    }
    if (--unfinished == 0) {
      joiners.wakeAll();
    }
  }

  /**
   * Waits until {@link #taskDone} has been called for every item put.
   *
   * <p><i>Waits</i> for that; does not suspend if no item is unfinished. A waiting task resumes
   * even if more items are put right after the last one was finished.
   *
   * <p><i>If cancelled</i>: {@link CancelledError}.
   *
   * <p><i>Thread</i>: a coroutine.
   */
  public void join() {
    Fiber fiber = home.requireTask("Queue.join()");
    if (unfinished == 0) {
      return;
    }
    joiners.await(new Waiter(fiber, WaitKind.QUEUE, "the unfinished items of a queue"));
  }

  // ---- shutting down ----

  /**
   * Shuts the queue down: nothing more can be put, the items it holds can still be taken, and all
   * waiting putters and getters are woken. Does nothing if it is already shut down.
   *
   * <p><i>Thread</i>: on the loop.
   */
  public void shutdown() {
    home.require("Queue.shutdown()");
    shutDown = true;
    putters.wakeAll();
    getters.wakeAll();
  }

  /**
   * Shuts the queue down as {@link #shutdown} does, and drops the items it holds; {@link #join}
   * counts them as processed.
   *
   * <p><i>Thread</i>: on the loop.
   */
  public void shutdownNow() {
    shutdown();
    unfinished -= items.size();
    items.clear();
    if (unfinished <= 0) {
      unfinished = 0;
      joiners.wakeAll();
    }
  }

  // ---- iterating ----

  /**
   * Returns an iterator that takes the items as they come: {@code next} waits for one, and the
   * iteration ends when the queue is shut down and empty.
   *
   * <p><i>Waits</i> in {@code hasNext} and {@code next}, as {@link #get} does.
   *
   * <p><i>If cancelled</i>: {@link CancelledError} from either; no item is lost.
   *
   * <p><i>Thread</i>: a coroutine. Several may iterate: each item goes to one of them.
   */
  @Override
  public Iterator<T> iterator() {
    return new Items();
  }

  private final class Items implements Iterator<T> {
    private @Nullable T taken;

    @Override
    public boolean hasNext() {
      if (taken == null) {
        try {
          taken = get();
        } catch (QueueShutDownException end) {
          return false;
        }
      } else {
        Current.refuseInRegion("next() of a queue");
      }
      return true;
    }

    @Override
    public T next() {
      if (!hasNext()) {
        throw new NoSuchElementException("The queue is shut down and empty.");
      }
      T item = Objects.requireNonNull(taken);
      taken = null;
      return item;
    }
  }

  // ---- its state ----

  /** Returns the number of items in the queue. <i>Thread</i>: on the loop. */
  public int size() {
    return items.size();
  }

  /**
   * Returns the number of items the queue holds before {@link #put} waits; 0 or less for no bound.
   */
  public int maxSize() {
    return maxSize;
  }

  /** Returns whether the queue is empty. <i>Thread</i>: on the loop. */
  public boolean empty() {
    return items.isEmpty();
  }

  /** Returns whether {@link #put} would wait. <i>Thread</i>: on the loop. */
  public boolean full() {
    return maxSize > 0 && items.size() + reserved >= maxSize;
  }

  @Override
  public String toString() {
    return getClass().getSimpleName()
        + "[size="
        + items.size()
        + (maxSize > 0 ? ", maxSize=" + maxSize : "")
        + (getters.isEmpty() ? "" : ", getters=" + getters.size())
        + (putters.isEmpty() ? "" : ", putters=" + putters.size())
        + (unfinished == 0 ? "" : ", unfinished=" + unfinished)
        + (shutDown ? ", shut down]" : "]");
  }
}
