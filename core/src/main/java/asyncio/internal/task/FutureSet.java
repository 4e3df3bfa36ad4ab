package asyncio.internal.task;

import asyncio.internal.scheduler.Scheduler;
import java.util.AbstractSet;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.SequencedSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Futures, each once, in order; immutable. Hashes them only when asked for one: for a hundred
 * thousand futures that are waited for, the hash table was the most expensive part.
 */
public final class FutureSet<F extends AbstractFuture<?>> extends AbstractSet<F>
    implements SequencedSet<F> {
  private final List<F> futures;

  /**
   * Built on first use; because the futures do not change, building it twice at once does no harm.
   */
  private @Nullable Set<F> table;

  private FutureSet(List<F> futures) {
    this.futures = Collections.unmodifiableList(futures);
  }

  /** Wraps {@code futures}, which must be distinct; takes ownership of the list. */
  static <F extends AbstractFuture<?>> FutureSet<F> of(List<F> futures) {
    return new FutureSet<>(futures);
  }

  /** A copy of the futures given to {@code who}; all must belong to the loop. */
  static <F extends AbstractFuture<?>> List<F> copy(
      String who, Scheduler scheduler, Iterable<? extends F> futures) {
    List<F> all = new ArrayList<>();
    for (F future : futures) {
      if (future.scheduler != scheduler) {
        throw new IllegalArgumentException(who
            + " was given "
            + future
            + ", which belongs to another event loop, '"
            + future.scheduler.name()
            + "'. wrapFuture(future) creates a future of this loop that follows it.");
      }
      all.add(future);
    }
    return all;
  }

  /**
   * Registers {@code listener} with all pending futures, and returns the futures once each, in
   * order. Runs no user code, so a pending future that occurs twice is recognized because the
   * listener is its last one.
   */
  static <F extends AbstractFuture<?>> List<F> listen(List<F> futures, Listener listener) {
    List<F> distinct = new ArrayList<>(futures.size());
    Set<F> done = new HashSet<>();
    for (F future : futures) {
      if (future.isDone()) {
        if (!done.add(future)) {
          continue;
        }
      } else if (future.lastListener() == listener) {
        continue;
      } else {
        future.addListener(listener);
      }
      distinct.add(future);
    }
    return distinct;
  }

  @Override
  public Iterator<F> iterator() {
    return futures.iterator();
  }

  @Override
  public int size() {
    return futures.size();
  }

  @Override
  public boolean contains(@Nullable Object object) {
    Set<F> made = table;
    if (made == null) {
      made = new HashSet<>(futures);
      table = made;
    }
    return made.contains(object);
  }

  @Override
  public SequencedSet<F> reversed() {
    return new FutureSet<>(futures.reversed());
  }
}
