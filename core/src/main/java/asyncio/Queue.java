package asyncio;

import asyncio.internal.loop.Fiber;
import asyncio.internal.loop.Loop;
import asyncio.internal.loop.Waiter;
import asyncio.internal.loop.WaiterList;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Hands items from tasks to tasks of one loop, first in first out.
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
public final class Queue<T> implements Iterable<T> {
  // Immutable.
  private final int maxSize;

  // Loop-confined.
  private final ArrayDeque<T> items = new ArrayDeque<>();
  private final WaiterList getters = new WaiterList();
  private final WaiterList putters = new WaiterList();
  private final WaiterList joiners = new WaiterList();
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
    this.maxSize = maxSize;
  }

  /**
   * Adds an item.
   *
   * <p><i>Waits</i> until there is room; does not suspend when there is. Who takes an item lets the
   * first that waits in at once, so putters come in strictly in order, and nobody overtakes them.
   *
   * <p><i>If cancelled</i>: {@link CancelledError}; the item is not added. A cancel that comes when
   * it has been added already strikes at the next wait.
   *
   * <p><i>Thread</i>: a coroutine.
   *
   * @throws QueueShutDownException if the queue is shut down, before or meanwhile
   */
  public void put(T item) {
    Objects.requireNonNull(item, "A queue holds no null");
    Fiber fiber = Loop.requireTask("Queue.put()");
    refuseIfShutDown();
    if (!full()) {
      add(item);
      return;
    }
    var putter = new Putter(fiber, item);
    putters.add(putter);
    try {
      putter.awaitValue();
    } finally {
      putters.remove(putter);
    }
    if (!putter.entered) {
      // Woken by the shutdown, which is no value that could be lost.
      fiber.throwIfCancelPending(null);
      refuseIfShutDown();
    }
  }

  private void add(T item) {
    items.add(item);
    unfinished++;
    getters.wakeFirst();
  }

  /**
   * Waits with its item until someone makes room, who puts the item in: one switch less than if the
   * putter did so itself, and no room that another could take first.
   */
  private final class Putter extends Waiter {
    private final T item;
    private boolean entered;

    Putter(Fiber fiber, T item) {
      super(fiber, "room in a queue");
      this.item = item;
    }

    void enter() {
      entered = true;
      add(item);
    }
  }

  /** Uses the room for one item. */
  private void letPutterIn() {
    for (Waiter first = putters.poll(); first != null; first = putters.poll()) {
      if (first.wake()) {
        ((Queue<?>.Putter) first).enter();
        return;
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
    Loop.require("Queue.putNowait()");
    refuseIfShutDown();
    if (full()) {
      throw new QueueFullException(
          "The queue holds " + maxSize + " items, as many as it may: put() waits for room.");
    }
    add(item);
  }

  /** Adds an item if there is room now; tells whether it did. <i>Thread</i>: on the loop. */
  public boolean tryPut(T item) {
    Loop.require("Queue.tryPut()");
    if (shutDown || full()) {
      return false;
    }
    putNowait(item);
    return true;
  }

  private void refuseIfShutDown() {
    if (shutDown) {
      throw new QueueShutDownException(
          "The queue is shut down: nothing can be put into it any more.");
    }
  }

  /**
   * Takes the first item.
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
    Fiber fiber = Loop.requireTask("Queue.get()");
    while (items.isEmpty()) {
      refuseIfDrained();
      awaitItem(new Waiter(fiber, "an item in a queue"));
    }
    return take();
  }

  private T take() {
    T item = items.remove();
    letPutterIn();
    return item;
  }

  /**
   * Takes the first item at once.
   *
   * <p><i>Thread</i>: on the loop.
   *
   * @throws QueueEmptyException if there is none
   * @throws QueueShutDownException if the queue is shut down and empty
   */
  public T getNowait() {
    Loop.require("Queue.getNowait()");
    if (items.isEmpty()) {
      refuseIfDrained();
      throw new QueueEmptyException("The queue is empty: get() waits for an item.");
    }
    return take();
  }

  /** Takes the first item if there is one now. <i>Thread</i>: on the loop. */
  public Optional<T> tryGet() {
    Loop.require("Queue.tryGet()");
    return items.isEmpty() ? Optional.empty() : Optional.of(getNowait());
  }

  private void refuseIfDrained() {
    if (shutDown) {
      throw new QueueShutDownException(
          "The queue is shut down, and all its items have been taken.");
    }
  }

  /** A getter that was woken and does not go on wakes the next one if there is still an item. */
  private void awaitItem(Waiter getter) {
    getters.add(getter);
    try {
      getter.awaitPermit();
    } catch (Throwable ended) {
      getters.remove(getter);
      if (getter.woken() && !items.isEmpty()) {
        getters.wakeFirst();
      }
      throw ended;
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
    Loop.require("Queue.taskDone()");
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
   * <p><i>Waits</i> for that; does not suspend when nothing is unfinished.
   *
   * <p><i>If cancelled</i>: {@link CancelledError}.
   *
   * <p><i>Thread</i>: a coroutine.
   */
  public void join() {
    Fiber fiber = Loop.requireTask("Queue.join()");
    while (unfinished > 0) {
      var waiter = new Waiter(fiber, "the unfinished items of a queue");
      joiners.add(waiter);
      try {
        waiter.awaitPermit();
      } finally {
        joiners.remove(waiter);
      }
    }
  }

  /**
   * Shuts the queue down: nothing can be put any more, what it holds can still be taken, and who
   * waits is woken. May be repeated.
   *
   * <p><i>Thread</i>: on the loop.
   */
  public void shutdown() {
    Loop.require("Queue.shutdown()");
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
    return maxSize > 0 && items.size() >= maxSize;
  }

  @Override
  public String toString() {
    return "Queue[size="
        + items.size()
        + (maxSize > 0 ? ", maxSize=" + maxSize : "")
        + (getters.isEmpty() ? "" : ", getters=" + getters.size())
        + (putters.isEmpty() ? "" : ", putters=" + putters.size())
        + (unfinished == 0 ? "" : ", unfinished=" + unfinished)
        + (shutDown ? ", shut down]" : "]");
  }
}
