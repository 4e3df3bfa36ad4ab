package asyncio;

import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A snapshot of what each unfinished task of a loop waits for, and where. Created by {@link
 * Asyncio#waitGraph()}. Its text form is a tree: below each task are the tasks it waits for.
 *
 * <pre>
 * Loop 'asyncio-1', 3 tasks
 * Task-1 (main) waits for the tasks of a group at Demo.main(Demo.java:9)
 * ├─ Task-2 waits for a lock held by Task-3 at Demo.first(Demo.java:20)
 * │  └─ Task-3 sleeps, 1.5 s left at Demo.second(Demo.java:31)
 * └─ Task-3, see above
 * </pre>
 *
 * @param loop the name of the loop
 * @param carrier the kind of carrier that runs it
 * @param tasks its unfinished tasks, oldest first; the index of each is its {@link Node#id}. In a
 *     {@link DeadlockException} with very many tasks, only the oldest ones and those it is about
 * @param more the number of unfinished tasks that are not listed
 * @param cycles the cycles of listed tasks that wait for each other, by their ids: each task waits
 *     for the next one, the last for the first
 */
public record WaitGraph(
    String loop, CarrierKind carrier, List<Node> tasks, int more, List<List<Integer>> cycles) {
  /** The state of a task. */
  public enum State {
    /** It will run as soon as its turn comes; it may not have started yet. */
    READY,
    /** It is running, or it is the task that asked for the graph. */
    RUNNING,
    /** It is waiting. */
    WAITING
  }

  /** Copies the lists. */
  public WaitGraph {
    tasks = List.copyOf(tasks);
    cycles = cycles.stream().map(List::copyOf).toList();
  }

  /**
   * One task.
   *
   * @param id its number in this graph
   * @param name its name
   * @param main whether the call that runs the loop waits for it
   * @param state its state
   * @param waitsFor what it waits for; null if it does not wait
   * @param at the line of user code it has reached; null if it has not started
   * @param stack its stack, innermost frame first; empty if {@code at} is null
   */
  public record Node(
      int id,
      String name,
      boolean main,
      State state,
      @Nullable Waiting waitsFor,
      @Nullable StackTraceElement at,
      List<StackTraceElement> stack) {
    /** Copies the list. */
    public Node {
      stack = List.copyOf(stack);
    }

    /** Returns its line of the tree. */
    @Override
    public String toString() {
      return WaitGraphText.describe(this);
    }
  }

  /**
   * What a task waits for.
   *
   * @param kind the kind of thing it waits for
   * @param what the same in words
   * @param tasks the ids of the tasks that it waits for, or that hold what it waits for
   * @param left the remaining time of a timed wait, by the loop's clock; otherwise null
   */
  public record Waiting(
      WaitKind kind,
      String what,
      List<Integer> tasks,
      @Nullable Duration left) {
    /** Copies the list. */
    public Waiting {
      tasks = List.copyOf(tasks);
    }
  }

  /** Returns the tree, with one line for each task. */
  @Override
  public String toString() {
    return toString(Integer.MAX_VALUE);
  }

  /** Returns the tree with the first {@code most} tasks; the others are only counted. */
  public String toString(int most) {
    return new WaitGraphText(this).tree(most);
  }

  /** Returns the graph as one JSON object; its keys are the names of the records' components. */
  public String toJson() {
    return WaitGraphText.json(this);
  }

  /** Returns the graph as a Mermaid flow chart, for Markdown pages. Cycles are red. */
  public String toMermaid() {
    return new WaitGraphText(this).mermaid();
  }

  /** Returns the graph in Graphviz' language, for {@code dot -Tsvg}. Cycles are red. */
  public String toGraphviz() {
    return new WaitGraphText(this).graphviz();
  }
}
