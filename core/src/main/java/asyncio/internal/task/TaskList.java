package asyncio.internal.task;

import asyncio.internal.scheduler.Fiber;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;

/**
 * The unfinished tasks of a loop, linked through themselves: adding and removing one allocates
 * nothing. Loop-confined.
 */
public final class TaskList implements Iterable<TaskFiber> {
  private @Nullable TaskFiber first;
  private @Nullable TaskFiber last;
  private int size;

  /** Creates an empty list. */
  public TaskList() {}

  void add(TaskFiber task) {
    TaskFiber before = last;
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
  boolean remove(TaskFiber task) {
    TaskFiber before = task.previous;
    TaskFiber after = task.following;
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

  /** Returns the newest tasks, but at most {@code limit}, as any thread may see them. */
  public List<Fiber> newest(int limit) {
    List<Fiber> newest = new ArrayList<>();
    for (TaskFiber task = last; task != null && newest.size() < limit; task = task.previous) {
      newest.add(task);
    }
    return newest;
  }

  /** Returns the number of tasks; another thread may get a slightly outdated number. */
  public int size() {
    return size;
  }

  /** Returns the tasks, oldest first; they may end, and others begin, between two of them. */
  @Override
  public Iterator<TaskFiber> iterator() {
    return new Walk(first, false);
  }

  /** Returns the tasks, newest first, otherwise as {@link #iterator}. */
  public Iterable<TaskFiber> newestFirst() {
    return () -> new Walk(last, true);
  }

  private static final class Walk implements Iterator<TaskFiber> {
    private @Nullable TaskFiber next;
    private final boolean backwards;

    Walk(@Nullable TaskFiber next, boolean backwards) {
      this.next = next;
      this.backwards = backwards;
    }

    @Override
    public boolean hasNext() {
      return next != null;
    }

    @Override
    public TaskFiber next() {
      TaskFiber task = next;
      if (task == null) {
        throw new NoSuchElementException();
      }
      next = backwards ? task.previous : task.following;
      return task;
    }
  }

  /** Returns all tasks, oldest first. */
  public List<TaskFiber> toList() {
    List<TaskFiber> all = new ArrayList<>(size);
    for (TaskFiber task = last; task != null; task = task.previous) {
      all.add(task);
    }
    return all.reversed();
  }
}
