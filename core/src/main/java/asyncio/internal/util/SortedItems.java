package asyncio.internal.util;

import java.util.Comparator;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The items of a PriorityQueue, smallest first; among equal items, the one put first comes first.
 * Loop-confined.
 *
 * <p>A comparator is user code. It may wait for a lock or a file, so that other tasks put and take
 * meanwhile; it may use this very queue, fail, or overflow the stack. It is therefore called only
 * by {@link #find}, which changes nothing, while {@link Place#enter} calls nobody. The result of a
 * comparison stays true however the tree is changed and rotated meanwhile. The search therefore
 * remembers the closest neighbours of the item found so far, not the path to them, and if the tree
 * has changed, it continues between those two. No comparison is made twice, unless a neighbour
 * itself was taken.
 *
 * <p>This is a tree and not a heap, because a heap would compare when an item is taken, and a taker
 * must not see a comparator's failure. The tree is a treap: ordered by item from left to right, and
 * a heap by random priorities from top to bottom, so that its depth is logarithmic. {@code size}
 * gives the rank of a node, and so whether it is between two others, without asking the comparator.
 */
public final class SortedItems<T> {
  private final Comparator<? super T> comparator;
  private @Nullable Node<T> root;

  /** Number of puts so far. */
  private long puts;

  /** Number of changes so far. */
  private long changes;

  /** Creates an empty collection in the order of {@code comparator}. */
  public SortedItems(Comparator<? super T> comparator) {
    this.comparator = comparator;
  }

  private static final class Node<T> {
    final T item;
    final long number;
    final int priority;

    @Nullable
    Node<T> parent;

    @Nullable
    Node<T> left;

    @Nullable
    Node<T> right;

    /** Size of the subtree; 0 once the item has been taken. */
    int size = 1;

    Node(T item, long number) {
      this.item = item;
      this.number = number;
      this.priority = scattered(number);
    }

    private static int scattered(long number) {
      long mixed = (number + 1) * 0x9E3779B97F4A7C15L;
      mixed = (mixed ^ (mixed >>> 30)) * 0xBF58476D1CE4E5B9L;
      return (int) (mixed >>> 32);
    }
  }

  private static int size(@Nullable Node<?> node) {
    return node == null ? 0 : node.size;
  }

  /** Returns the number of items. */
  public int size() {
    return size(root);
  }

  /** Returns the number of a put that begins; it decides between equal items. */
  public long draw() {
    return puts++;
  }

  // ---- the search: calls the comparator and changes nothing ----

  /** The place where an item belongs at this moment. */
  public interface Place {
    /** Adds the item there; calls nobody and never fails. */
    void enter();
  }

  /**
   * Returns the place for an item to be added; it is valid until the next change. Fails as the
   * comparator does; other items may come meanwhile.
   *
   * @param number the result of {@link #draw}
   */
  public Place find(T item, long number) {
    var node = new Node<>(item, number);
    if (root == null) {
      // An item without an order is refused immediately, not when a second one comes.
      var _ = comparator.compare(item, item);
    }
    Node<T> before = null;
    Node<T> after = null;
    long seen = changes;
    Node<T> at = root;
    while (at != null) {
      if (comesBefore(node, at)) {
        after = at;
        at = at.left;
      } else {
        before = at;
        at = at.right;
      }
      if (seen != changes) { // others came while the comparator waited
        seen = changes;
        before = stillThere(before);
        after = stillThere(after);
        at = highestBetween(before, after);
      }
    }
    return new Between(node, before, after);
  }

  private boolean comesBefore(Node<T> node, Node<T> other) {
    int order = comparator.compare(node.item, other.item);
    return order != 0 ? order < 0 : node.number < other.number;
  }

  private static <T> @Nullable Node<T> stillThere(@Nullable Node<T> node) {
    return size(node) == 0 ? null : node;
  }

  /** Returns the highest node strictly between two nodes of the tree, by ranks alone. */
  private @Nullable Node<T> highestBetween(@Nullable Node<T> before, @Nullable Node<T> after) {
    int low = before == null ? -1 : rank(before);
    int high = after == null ? size() : rank(after);
    int passed = 0;
    Node<T> at = root;
    while (at != null) {
      int rank = passed + size(at.left);
      if (rank >= high) {
        at = at.left;
      } else if (rank <= low) {
        passed = rank + 1;
        at = at.right;
      } else {
        return at;
      }
    }
    return null;
  }

  private static int rank(Node<?> node) {
    int rank = size(node.left);
    Node<?> at = node;
    for (Node<?> parent = at.parent; parent != null; parent = at.parent) {
      if (parent.right == at) {
        rank += size(parent.left) + 1;
      }
      at = parent;
    }
    return rank;
  }

  // ---- changes: nobody is called ----

  /**
   * A node that is not in the tree yet, and its neighbours there, which have no node between them.
   */
  private final class Between implements Place {
    private final Node<T> node;
    private final @Nullable Node<T> before;
    private final @Nullable Node<T> after;

    Between(Node<T> node, @Nullable Node<T> before, @Nullable Node<T> after) {
      this.node = node;
      this.before = before;
      this.after = after;
    }

    @Override
    public void enter() {
      changes++;
      // Of two neighbours, the lower one is free on that side.
      Node<T> left = before;
      Node<T> right = after;
      if (left != null && left.right == null) {
        left.right = node;
        node.parent = left;
      } else if (right != null) {
        right.left = node;
        node.parent = right;
      } else {
        root = node;
      }
      for (Node<T> above = node.parent; above != null; above = above.parent) {
        above.size++;
      }
      Node<T> parent = node.parent;
      while (parent != null && parent.priority < node.priority) {
        turn(node, parent);
        parent = node.parent;
      }
    }
  }

  /** Lifts a node above its parent; the order from left to right does not change. */
  private void turn(Node<T> node, Node<T> parent) {
    Node<T> inner;
    if (parent.left == node) {
      inner = node.right;
      parent.left = inner;
      node.right = parent;
    } else {
      inner = node.left;
      parent.right = inner;
      node.left = parent;
    }
    if (inner != null) {
      inner.parent = parent;
    }
    replace(parent, node);
    parent.parent = node;
    node.size = parent.size;
    parent.size = 1 + size(parent.left) + size(parent.right);
  }

  /** Puts {@code by} in the place of {@code node} below its parent. */
  private void replace(Node<T> node, @Nullable Node<T> by) {
    Node<T> parent = node.parent;
    if (parent == null) {
      root = by;
    } else if (parent.left == node) {
      parent.left = by;
    } else {
      parent.right = by;
    }
    if (by != null) {
      by.parent = parent;
    }
  }

  /** Removes and returns the first item; there must be one. */
  public T remove() {
    Node<T> first = Objects.requireNonNull(root);
    while (first.left != null) {
      first.size--;
      first = first.left;
    }
    changes++;
    replace(first, first.right);
    first.parent = null;
    first.right = null;
    first.size = 0;
    return first.item;
  }

  /** Removes all items. */
  public void clear() {
    while (root != null) {
      var _ = remove();
    }
  }
}
