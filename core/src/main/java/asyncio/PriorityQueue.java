package asyncio;

import java.util.Comparator;
import java.util.Objects;

/**
 * A {@link Queue} that gives out its smallest item; of equal ones, that whose {@code put} was
 * called first.
 *
 * <pre>{@code
 * var jobs = new PriorityQueue<Job>(Comparator.comparing(Job::due));
 * }</pre>
 *
 * <p>When the items can't be compared, because the comparator throws or they have no order, {@code
 * put} throws that failure and does not add the item; takers never see it. An item's place is found
 * when it is put in, and stays: what changes in it later moves nothing.
 *
 * <p>The comparator is called by who puts: in {@code put}, {@code putNowait} and {@code tryPut}. It
 * may wait, in foreign code or in this library, and may use the queue: others put and take
 * meanwhile, and the item is in the queue, and counts, once its place is found. The room for it is
 * kept. A queue that was shut down meanwhile refuses it.
 *
 * @param <T> the items; never null
 */
public final class PriorityQueue<T> extends Queue<T> {
  /** A queue without a bound, in the items' natural order: they are {@link Comparable}. */
  public PriorityQueue() {
    this(0);
  }

  /**
   * A queue in the items' natural order: they are {@link Comparable}.
   *
   * @param maxSize how many items it holds before {@link #put} waits; 0 or less for no bound
   */
  public PriorityQueue(int maxSize) {
    this(maxSize, PriorityQueue::compareNaturally);
  }

  /** A queue without a bound, in the order of {@code comparator}. */
  public PriorityQueue(Comparator<? super T> comparator) {
    this(0, comparator);
  }

  /**
   * A queue in the order of {@code comparator}.
   *
   * @param maxSize how many items it holds before {@link #put} waits; 0 or less for no bound
   */
  public PriorityQueue(int maxSize, Comparator<? super T> comparator) {
    super(maxSize, new SortedItems<>(Objects.requireNonNull(comparator, "comparator")));
  }

  @SuppressWarnings("unchecked") // what does not fit fails in compareTo
  private static int compareNaturally(Object one, Object other) {
    if (one instanceof Comparable<?> comparable) {
      return ((Comparable<Object>) comparable).compareTo(other);
    }
    throw new ClassCastException(
        one.getClass().getName()
            + " has no natural order (it is not Comparable): give the queue a Comparator, as in new"
            + " PriorityQueue<>(Comparator.comparing(…)).");
  }
}
