package asyncio.internal.loop;

import java.lang.ref.Reference;
import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A map whose keys are objects of others: held weakly, and neither their equals nor their hashCode
 * is called. Confined to one thread at a time.
 */
final class WeakIdentityMap<V> {
  private final Map<Key, V> map = new HashMap<>();
  private final ReferenceQueue<Object> collected = new ReferenceQueue<>();

  @Nullable V get(Object key) {
    return map.get(new Key(key, null));
  }

  void put(Object key, V value) {
    for (Reference<?> gone = collected.poll(); gone != null; gone = collected.poll()) {
      map.remove(gone);
    }
    map.put(new Key(key, collected), value);
  }

  void remove(Object key) {
    map.remove(new Key(key, null));
  }

  boolean isEmpty() {
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
