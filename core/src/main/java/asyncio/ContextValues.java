package asyncio;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The values of context variables. Immutable, so that copying a context costs one reference.
 *
 * <p>A hash table with open addressing, keys and values alternating, at most half full. Changing a
 * value copies the table: programs have a handful of variables and read far more often than they
 * set. A trie would pay off only from hundreds of variables on.
 */
final class ContextValues {
  static final ContextValues EMPTY = new ContextValues(new @Nullable Object[4], 0);

  /** Stands for "no value", because null is a value. */
  static final Object ABSENT = new Object();

  private final @Nullable Object[] table;
  private final int size;

  private ContextValues(@Nullable Object[] table, int size) {
    this.table = table;
    this.size = size;
  }

  /** The value of {@code variable}, or {@link #ABSENT}. */
  @Nullable
  Object get(ContextVar<?> variable) {
    @Nullable Object[] entries = table;
    int index = slot(variable, entries.length);
    while (true) {
      Object key = entries[index];
      if (key == variable) {
        return entries[index + 1];
      }
      if (key == null) {
        return ABSENT;
      }
      index = (index + 2) & (entries.length - 1);
    }
  }

  ContextValues with(ContextVar<?> variable, @Nullable Object value) {
    if (get(variable) != ABSENT) {
      @Nullable Object[] copy = table.clone();
      put(copy, variable, value);
      return new ContextValues(copy, size);
    }
    // An entry takes two places, and half of the slots stay free.
    int length = table.length;
    while (length < 4 * (size + 1)) {
      length *= 2;
    }
    @Nullable Object[] larger = length == table.length ? table.clone() : rehashed(length, null);
    put(larger, variable, value);
    return new ContextValues(larger, size + 1);
  }

  ContextValues without(ContextVar<?> variable) {
    if (get(variable) == ABSENT) {
      return this;
    }
    return size == 1 ? EMPTY : new ContextValues(rehashed(table.length, variable), size - 1);
  }

  boolean isEmpty() {
    return size == 0;
  }

  int size() {
    return size;
  }

  List<ContextVar<?>> variables() {
    List<ContextVar<?>> variables = new ArrayList<>(size);
    for (int i = 0; i < table.length; i += 2) {
      if (table[i] instanceof ContextVar<?> variable) {
        variables.add(variable);
      }
    }
    return variables;
  }

  private @Nullable Object[] rehashed(int length, @Nullable ContextVar<?> leftOut) {
    @Nullable Object[] entries = new @Nullable Object[length];
    for (int i = 0; i < table.length; i += 2) {
      if (table[i] instanceof ContextVar<?> variable && variable != leftOut) {
        put(entries, variable, table[i + 1]);
      }
    }
    return entries;
  }

  private static void put(
      @Nullable Object[] entries, ContextVar<?> variable, @Nullable Object value) {
    int index = slot(variable, entries.length);
    while (entries[index] != null && entries[index] != variable) {
      index = (index + 2) & (entries.length - 1);
    }
    entries[index] = variable;
    entries[index + 1] = value;
  }

  private static int slot(ContextVar<?> variable, int length) {
    return (variable.hash << 1) & (length - 1);
  }
}
