package asyncio;

import java.util.ArrayDeque;

/**
 * A {@link Queue} that returns the item put last first.
 *
 * @param <T> the type of the items, which are never null
 */
public final class LifoQueue<T> extends Queue<T> {
  /** Creates a queue without a bound. */
  public LifoQueue() {
    this(0);
  }

  /**
   * Creates a queue.
   *
   * @param maxSize the number of items it holds before {@link #put} waits; 0 or less for no bound
   */
  public LifoQueue(int maxSize) {
    super(maxSize, new Lifo<>());
  }

  private static final class Lifo<T> extends Line<T> {
    private final ArrayDeque<T> items = new ArrayDeque<>();

    @Override
    void add(T item) {
      items.addLast(item);
    }

    @Override
    T remove() {
      return items.removeLast();
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
}
