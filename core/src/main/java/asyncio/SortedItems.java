package asyncio;

import java.util.Comparator;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The items of a {@link PriorityQueue}, the smallest first; among equals, the one put first.
 * Loop-confined.
 *
 * <p>A comparator is somebody's code. It may wait for a lock or a file, so that others put and take
 * meanwhile; it may use this very queue, fail, or overflow the stack. So it is called by {@link
 * #find} alone, which changes nothing, and {@link Place#enter} calls nobody. What a comparison has
 * told stays true however the tree is changed and turned meanwhile: the search remembers the item's
 * neighbours known so far, not the way that led to them, and goes on between those two where it
 * finds the tree changed. No comparison is made twice, unless a neighbour itself was taken.
 *
 * <p>A tree and not a heap, which would compare when an item is taken: a taker must not see a
 * comparator's failure. It is a treap: in the order of the items from left to right, and a heap by
 * random priorities from top to bottom, so that its depth is logarithmic. {@code size} tells the
 * rank of a node, and so whether it stands between two others without asking the comparator.
 */
final class SortedItems<T> extends Queue.Store<T> {
  private final Comparator<? super T> comparator;
  private @Nullable Node<T> root;

  /** How many puts there were. */
  private long puts;

  /** How many changes there were. */
  private long changes;

  SortedItems(Comparator<? super T> comparator) {
    this.comparator = comparator;
  }

  private static final class Node<T> {
    final T item;
    final long number;
    final int priority;
    @Nullable Node<T> parent;
    @Nullable Node<T> left;
    @Nullable Node<T> right;

    /** Of the subtree; 0 once the item has been taken. */
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

  @Override
  int size() {
    return size(root);
  }

  /** The number of a put that begins, which decides between equal items. */
  long draw() {
    return puts++;
  }

  // ---- the search, which calls the comparator and changes nothing ----

  /** Where an item belongs, now. */
  interface Place {
    /** Puts it there; calls nobody and never fails. */
    void enter();
  }

  /**
   * The place of an item that is to be added: holds until the next change. Fails as the comparator
   * does; others may come meanwhile.
   *
   * @param number what {@link #draw} gave
   */
  Place find(T item, long number) {
    var node = new Node<>(item, number);
    if (root == null) {
      // An item without an order is refused at once, not when the second one comes.
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

  /** The highest node strictly between two that stand in the tree, by ranks alone. */
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

  /** A node that is not in the tree yet, and its neighbours there; there are no others between. */
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
      // Of two neighbours the lower one has its side free.
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

  /** Lifts a node above its parent; the order from left to right stays. */
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

  /** Puts {@code by} below the parent of {@code node}, in its stead. */
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

  @Override
  T remove() {
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

  @Override
  void clear() {
    while (root != null) {
      var _ = remove();
    }
  }
}
