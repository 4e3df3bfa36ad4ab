package asyncio;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The unfinished tasks of a loop, linked through themselves: adding and removing one allocates
 * nothing. Loop-confined.
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

  /** Removes a task; returns false if it was not in the list. */
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

  /** Returns the oldest task, whose {@code following} is the next one; null if there is none. */
  @Nullable Task<?> first() {
    return first;
  }

  /** Returns the newest task, whose {@code previous} is the one before; null if there is none. */
  @Nullable Task<?> last() {
    return last;
  }

  /** Returns the number of tasks; another thread may get a slightly outdated number. */
  int size() {
    return size;
  }

  /** Returns all tasks, oldest first. */
  List<Task<?>> toList() {
    List<Task<?>> all = new ArrayList<>(size);
    for (Task<?> task = last; task != null; task = task.previous) {
      all.add(task);
    }
    return all.reversed();
  }
}
