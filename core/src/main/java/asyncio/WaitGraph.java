package asyncio;

import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What each unfinished task of a loop waits for, and where, at one moment. Made by {@link
 * Asyncio#waitGraph()}. As text it is a tree: below each task stand those that it waits for.
 *
 * <pre>
 * Loop 'asyncio-1', 3 tasks
 * Task-1 waits for the tasks of a group at Demo.main(Demo.java:9)
 * ├─ Task-2 waits for a lock held by Task-3 at Demo.first(Demo.java:20)
 * └─ Task-3 sleeps, 1.5 s left at Demo.second(Demo.java:31)
 * </pre>
 *
 * @param loop the loop's name
 * @param carrier which carrier runs it
 * @param tasks its unfinished tasks, oldest first; the place of each is its {@link Node#id}. In a
 *     {@link DeadlockException} of very many tasks, only the oldest and those that it is about
 * @param more how many unfinished tasks are not among them
 * @param circles those of them that wait for each other, by their ids: each for the next one, the
 *     last for the first
 */
public record WaitGraph(
    String loop, CarrierKind carrier, List<Node> tasks, int more, List<List<Integer>> circles) {
  /** How a task stands. */
  public enum State {
    /** It will run as soon as its turn comes; perhaps it has not begun. */
    READY,
    /** It is the one that runs, or that asks. */
    RUNNING,
    /** It waits. */
    WAITING
  }

  /** Copies the lists. */
  public WaitGraph {
    tasks = List.copyOf(tasks);
    circles = circles.stream().map(List::copyOf).toList();
  }

  /**
   * One task.
   *
   * @param id its number in this graph
   * @param name its name
   * @param main whether the call that runs the loop waits for it
   * @param state how it stands
   * @param waitsFor what it waits for; null unless it does
   * @param at the line of user code where it stands; null when it has not begun
   * @param stack where it stands, innermost frame first; empty where {@code at} is null
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
  }

  /**
   * What a task waits for.
   *
   * @param kind what kind of thing it is
   * @param what the same in words
   * @param tasks the ids of the tasks that it waits for, or that hold what it waits for
   * @param left how long a wait for a time will last, by the loop's clock; else null
   */
  public record Waiting(WaitKind kind, String what, List<Integer> tasks, @Nullable Duration left) {
    /** Copies the list. */
    public Waiting {
      tasks = List.copyOf(tasks);
    }
  }

  /** The tree, a line for each task. */
  @Override
  public String toString() {
    return new WaitGraphText(this).tree(Integer.MAX_VALUE);
  }

  /** The graph as one JSON object; its keys are the names of the records' components. */
  public String toJson() {
    return WaitGraphText.json(this);
  }

  /** The graph as a Mermaid flow chart, for Markdown pages. Circles are red. */
  public String toMermaid() {
    return new WaitGraphText(this).mermaid();
  }

  /** The graph in Graphviz' language: {@code dot -Tsvg}. Circles are red. */
  public String toGraphviz() {
    return new WaitGraphText(this).graphviz();
  }
}
