package asyncio.internal.task;

import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;

/**
 * Lists those of some futures that are not done, as often as it is asked. A future that is done
 * stays done, so the first ones are not looked at again. Loop-confined.
 */
final class UnfinishedFutures {
  private final List<? extends AbstractFuture<?>> futures;

  /** All futures before this index are done. */
  private int first;

  UnfinishedFutures(List<? extends AbstractFuture<?>> futures) {
    this.futures = futures;
  }

  Iterator<?> iterator() {
    first = next(first);
    return first == futures.size() ? Collections.emptyIterator() : new Rest(first);
  }

  private int next(int from) {
    int index = from;
    while (index < futures.size() && futures.get(index).isDone()) {
      index++;
    }
    return index;
  }

  private final class Rest implements Iterator<Object> {
    private int index;

    Rest(int index) {
      this.index = index;
    }

    @Override
    public boolean hasNext() {
      index = UnfinishedFutures.this.next(index);
      return index < futures.size();
    }

    @Override
    public Object next() {
      if (!hasNext()) {
        throw new NoSuchElementException();
      }
      return futures.get(index++);
    }
  }
}
