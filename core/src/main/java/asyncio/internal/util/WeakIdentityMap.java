package asyncio.internal.util;

import java.lang.ref.Reference;
import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A map with weak keys that are compared by identity; it never calls their equals or hashCode.
 * Confined to one thread at a time.
 */
public final class WeakIdentityMap<V> {
  private final Map<Key, V> map = new HashMap<>();
  private final ReferenceQueue<Object> collected = new ReferenceQueue<>();

  public @Nullable V get(Object key) {
    return map.get(new Key(key, null));
  }

  /** Keeps {@code value} for {@code key} until the key is collected. */
  public void put(Object key, V value) {
    for (Reference<?> gone = collected.poll(); gone != null; gone = collected.poll()) {
      map.remove(gone);
    }
    map.put(new Key(key, collected), value);
  }

  /** Adds an entry; returns false if the key is already there. */
  public boolean putIfAbsent(Object key, V value) {
    if (get(key) != null) {
      return false;
    }
    put(key, value);
    return true;
  }

  /** Removes a key. */
  public void remove(Object key) {
    map.remove(new Key(key, null));
  }

  /** Returns whether the map has no entry; entries of collected keys count. */
  public boolean isEmpty() {
    return map.isEmpty();
  }

  private static final class Key extends WeakReference<Object> {
    private final int hash;

    Key(Object key, @Nullable ReferenceQueue<Object> collected) {
      super(key, collected);
      this.hash = System.identityHashCode(key);
    }

    @Override
    public int hashCode() {
      return hash;
    }

    @Override
    @SuppressWarnings("ReferenceEquality") // that is the point
    public boolean equals(Object other) {
      if (this == other) {
        return true;
      }
      Object mine = get();
      return other instanceof Key key && mine != null && mine == key.get();
    }
  }
}
