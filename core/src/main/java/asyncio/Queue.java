package asyncio;

import asyncio.internal.scheduler.Current;
import asyncio.internal.scheduler.Fiber;
import asyncio.internal.scheduler.LoopBinding;
import asyncio.internal.scheduler.Waiter;
import asyncio.internal.scheduler.WaiterList;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Hands items from tasks to tasks of one loop, first in first out; {@link LifoQueue} and {@link
 * PriorityQueue} give them out in another order.
 *
 * <pre>{@code
 * for (Job job : jobs) {      // waits inside next(); ends when the queue is shut down and empty
 *   work(job);
 *   jobs.taskDone();
 * }
 * }</pre>
 *
 * @param <T> the items; never null
 */
public sealed class Queue<T> implements Iterable<T> permits LifoQueue, PriorityQueue {
  // Immutable.
  private final int maxSize;

  // Loop-confined.
  private final LoopBinding home =
      new LoopBinding() {
        @Override
        protected void moved() {
          getters.clear();
          putters.clear();
          joiners.clear();
          reserved = 0; // for those that never go on, or find their loop closed
        }
      };
  private final Store<T> items;
  private final WaiterList getters = new WaiterList();
  private final WaiterList putters = new WaiterList();
  private final WaiterList joiners = new WaiterList();

  /** Room that is kept for items whose place is being found: whoever looks for it may wait. */
  private int reserved;

  private int unfinished;
  private boolean shutDown;

  /** A queue without a bound. */
  public Queue() {
    this(0);
  }

  /**
   * A queue.
   *
   * @param maxSize how many items it holds before {@link #put} waits; 0 or less for no bound
   */
  public Queue(int maxSize) {
    this(maxSize, new Fifo<>());
  }

  /** A queue that gives its items out in the order of {@code items}. */
  Queue(int maxSize, Store<T> items) {
    this.maxSize = maxSize;
    this.items = items;
  }

  /** The items of a queue, in the order in which they come out. Loop-confined. Never fails. */
  abstract static sealed class Store<T> permits Line, SortedItems {
    /** The next item, of which there is one. */
    abstract T remove();

    abstract int size();

    abstract void clear();

    final boolean isEmpty() {
      return size() == 0;
    }
  }

  /** Items that come out in an order for which they need not be compared. */
  abstract static non-sealed class Line<T> extends Store<T> {
    abstract void add(T item);
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

  /**
   * Adds an item.
   *
   * <p><i>Waits</i> until there is room; does not suspend when there is. Who takes an item lets the
   * first that waits in at once, so putters come in strictly in order, and nobody overtakes them; a
   * {@link PriorityQueue} keeps the room for it until it has compared its item.
   *
   * <p><i>If cancelled</i>: {@link CancelledError}; the item is not added. A cancel that comes when
   * it has been added already strikes at the next wait.
   *
   * <p><i>Thread</i>: a coroutine.
   *
   * @throws QueueShutDownException if the queue is shut down, before or meanwhile
   * @throws RuntimeException what the comparator of a {@link PriorityQueue} throws; the item is not
   *     added
   */
  public void put(T item) {
    Objects.requireNonNull(item, "A queue holds no null");
    Fiber fiber = home.requireTask("Queue.put()");
    refuseIfShutDown();
    boolean added;
    if (!full()) {
      added = add(item);
    } else if (items instanceof SortedItems<T> sorted) {
      var putter = new Reserving(fiber, sorted.draw());
      putters.await(putter);
      added = putter.hasRoom && addInReserved(sorted, item, putter.number);
    } else {
      var putter = new Handing(fiber, item);
      putters.awaitValue(putter);
      added = putter.entered;
      if (!added) {
        // Woken by the shutdown, which is no value that could be lost.
        fiber.throwIfCancelPending(null);
      }
    }
    if (!added) {
      throw shutDownException();
    }
  }

  /** Adds an item, for which there is room; false when the queue was shut down meanwhile. */
  private boolean add(T item) {
    if (items instanceof SortedItems<T> sorted) {
      reserved++;
      return addInReserved(sorted, item, sorted.draw());
    }
    addLast(item);
    return true;
  }

  /** Adds an item that need not be compared. */
  private void addLast(T item) {
    ((Line<T>) items).add(item);
    added();
  }

  /** Adds an item whose room is already reserved; on refusal the room is released. */
  private boolean addInReserved(SortedItems<T> sorted, T item, long number) {
    SortedItems.@Nullable Place place;
    try {
      place = shutDown ? null : sorted.find(item, number);
    } catch (Throwable refused) {
      giveRoomBack();
      throw refused;
    }
    home.require("Queue.put()"); // the loop may have closed meanwhile
    // Nobody is called from here on.
    reserved--;
    if (place == null || shutDown) {
      return false;
    }
    place.enter();
    added();
    return true;
  }

  private void giveRoomBack() {
    if (Current.scheduler() != null) { // else the loop has closed meanwhile
      reserved--;
      letPuttersIn();
    }
  }

  private void added() {
    unfinished++;
    getters.wakeFirst();
  }

  /** Waits for room. */
  private abstract static class Putter extends Waiter {
    Putter(Fiber fiber) {
      super(fiber, WaitKind.QUEUE, "room in a queue");
    }

    /** It was woken, since there is room. */
    abstract void letIn();
  }

  /**
   * Waits with its item, which who makes room puts in: one switch less than if the putter did so
   * itself, and no room that another could take first.
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
   * Gets the room kept and puts its item in itself, since a comparator may wait or fail, and
   * neither is for who takes an item.
   */
  private final class Reserving extends Putter {
    /** Drawn when put was called: who has waited longer comes first among equals. */
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

  /** Uses the room there is for those that wait for it. */
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
   * Adds an item at once.
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
          "The queue holds " + maxSize + " items, as many as it may: put() waits for room.");
    }
    if (!add(item)) {
      throw shutDownException();
    }
  }

  /** Adds an item if there is room now; tells whether it did. <i>Thread</i>: on the loop. */
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
    return new QueueShutDownException(
        "The queue is shut down: nothing can be put into it any more.");
  }

  /**
   * Takes the next item: the first that was put in, if the kind of queue does not say otherwise.
   *
   * <p><i>Waits</i> until there is one; does not suspend when there is.
   *
   * <p><i>If cancelled</i>: {@link CancelledError}; no item is lost, and a wake-up that had come
   * goes to the next getter.
   *
   * <p><i>Thread</i>: a coroutine.
   *
   * @throws QueueShutDownException if the queue is shut down and empty, before or meanwhile
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
   * Takes the next item at once.
   *
   * <p><i>Thread</i>: on the loop.
   *
   * @throws QueueEmptyException if there is none
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

  /** Takes the next item if there is one now. <i>Thread</i>: on the loop. */
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

  /**
   * Says that an item taken from the queue has been worked off; see {@link #join}.
   *
   * <p><i>Thread</i>: on the loop.
   *
   * @throws IllegalStateException if called more often than items were put
   */
  public void taskDone() {
    home.require("Queue.taskDone()");
    if (unfinished == 0) {
      throw new IllegalStateException(
          "taskDone() was called more often than items were put into the queue.");
    }
    if (--unfinished == 0) {
      joiners.wakeAll();
    }
  }

  /**
   * Returns once {@link #taskDone} was called for every item put.
   *
   * <p><i>Waits</i> for that; does not suspend when nothing is unfinished. Who waited goes on even
   * if more is put right after.
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

  /**
   * Shuts the queue down: nothing can be put any more, what it holds can still be taken, and who
   * waits is woken. May be repeated.
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
   * As {@link #shutdown}, and drops the items the queue holds; {@link #join} counts them as worked
   * off.
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

  /**
   * The items as they come: {@code next} waits for one, the iteration ends when the queue is shut
   * down and empty.
   *
   * <p><i>Waits</i> in {@code hasNext} and {@code next}, as {@link #get} does.
   *
   * <p><i>If cancelled</i>: {@link CancelledError} out of either; no item is lost.
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

  /** How many items the queue holds. <i>Thread</i>: on the loop. */
  public int size() {
    return items.size();
  }

  /** How many items it holds before {@link #put} waits; 0 or less for no bound. */
  public int maxSize() {
    return maxSize;
  }

  /** Whether it holds no item. <i>Thread</i>: on the loop. */
  public boolean empty() {
    return items.isEmpty();
  }

  /** Whether {@link #put} would wait. <i>Thread</i>: on the loop. */
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
