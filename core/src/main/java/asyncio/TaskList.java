package asyncio;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The unfinished tasks of a loop, linked through themselves: adding and removing one costs no
 * memory. Loop-confined.
 */
final class TaskList {
  private @Nullable Task<?> first;
  private @Nullable Task<?> last;
  private int size;

  void add(Task<?> task) {
    Task<?> before = last;
    task.previous = before;
    if (before != null) {
      before.following = task;
    } else {
      first = task;
    }
    last = task;
    size++;
  }

  /** Returns false when it was not there. */
  boolean remove(Task<?> task) {
    Task<?> before = task.previous;
    Task<?> after = task.following;
    if (after != null) {
      after.previous = before;
    } else if (last == task) {
      last = before;
    } else {
      return false;
    }
    if (before != null) {
      before.following = after;
    } else {
      first = after;
    }
    task.previous = null;
    task.following = null;
    size--;
    return true;
  }

  /** The oldest one, whose {@code following} is the next; null when there is none. */
  @Nullable Task<?> first() {
    return first;
  }

  /** The newest one, whose {@code previous} is the one before; null when there is none. */
  @Nullable Task<?> last() {
    return last;
  }

  /** How many there are; another thread may get a number that is a moment old. */
  int size() {
    return size;
  }

  /** All, oldest first. */
  List<Task<?>> toList() {
    List<Task<?>> all = new ArrayList<>(size);
    for (Task<?> task = last; task != null; task = task.previous) {
      all.add(task);
    }
    return all.reversed();
  }
}
