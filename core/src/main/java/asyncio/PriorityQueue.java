package asyncio;

import java.util.Comparator;
import java.util.Objects;

/**
 * A {@link Queue} that returns its smallest item first; among equal items, the one whose {@code
 * put} was called first.
 *
 * <pre>{@code
 * var jobs = new PriorityQueue<Job>(Comparator.comparing(Job::due));
 * }</pre>
 *
 * <p>If the items can't be compared, because the comparator throws or they have no order, {@code
 * put} throws that failure and does not add the item; tasks that take items never see it. An item's
 * place is found when it is put and stays the same: changing the item later moves nothing.
 *
 * <p>The task that puts an item calls the comparator: in {@code put}, {@code putNowait} and {@code
 * tryPut}. The comparator may wait, in foreign code or in this library, and may use the queue.
 * Meanwhile other tasks may put and take items; the new item is in the queue, and counts, once its
 * place is found, and until then its room is reserved. If the queue is shut down meanwhile, the
 * item is refused.
 *
 * @param <T> the type of the items, which are never null
 */
public final class PriorityQueue<T> extends Queue<T> {
  /** Creates a queue without a bound, in the natural order of its {@link Comparable} items. */
  public PriorityQueue() {
    this(0);
  }

  /**
   * Creates a queue in the natural order of its {@link Comparable} items.
   *
   * @param maxSize the number of items it holds before {@link #put} waits; 0 or less for no bound
   */
  public PriorityQueue(int maxSize) {
    this(maxSize, PriorityQueue::compareNaturally);
  }

  /** Creates a queue without a bound, in the order of {@code comparator}. */
  public PriorityQueue(Comparator<? super T> comparator) {
    this(0, comparator);
  }

  /**
   * Creates a queue in the order of {@code comparator}.
   *
   * @param maxSize the number of items it holds before {@link #put} waits; 0 or less for no bound
   */
  public PriorityQueue(int maxSize, Comparator<? super T> comparator) {
    super(maxSize, new Sorted<>(Objects.requireNonNull(comparator, "comparator")));
  }

  @SuppressWarnings("unchecked") // an item of the wrong type fails in compareTo
  private static int compareNaturally(Object one, Object other) {
    if (one instanceof Comparable<?> comparable) {
      return ((Comparable<Object>) comparable).compareTo(other);
    }
    throw new ClassCastException(one.getClass().getName()
        + " has no natural order (it is not Comparable): give the queue a Comparator, as in new"
        + " PriorityQueue<>(Comparator.comparing(…)).");
  }
}
