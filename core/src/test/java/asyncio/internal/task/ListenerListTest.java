package asyncio.internal.task;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Compared with a plain list; from outside its order is seen, but not what a removal looks at. */
@Timeout(30)
class ListenerListTest {
  private static final class One extends Listener {
    boolean abandoned;

    @Override
    protected void done(AbstractFuture<?> future) {}

    @Override
    protected boolean isAbandoned() {
      return abandoned;
    }
  }

  private static List<Listener> all(ListenerList list) {
    List<Listener> all = new ArrayList<>();
    list.forEach(all::add);
    return all;
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void behavesLikeAListUnderRandomAddsAndRemovals(long seed) {
    var random = new Random(seed);
    var list = new ListenerList();
    List<Listener> model = new ArrayList<>();
    for (int i = 0; i < 3_000; i++) {
      int action = random.nextInt(20);
      boolean grows = i / 500 % 2 == 0;
      if (action < (grows ? 12 : 6)) {
        var listener = new One();
        for (int times = action == 0 ? 3 : 1; times > 0; times--) {
          list.add(listener);
          model.add(listener);
        }
      } else if (action == 19) {
        var listener = new One();
        list.addFirst(listener);
        model.addFirst(listener);
      } else if (!model.isEmpty()) {
        int at = switch (action % 3) {
          case 0 -> 0;
          case 1 -> model.size() - 1;
          default -> random.nextInt(model.size());
        };
        Listener listener = model.remove(at);
        assertTrue(list.remove(listener), () -> "seed " + seed);
        if (!model.contains(listener)) {
          assertFalse(list.remove(listener), () -> "seed " + seed);
        }
      }
      assertEquals(model, all(list), () -> "seed " + seed);
      assertSame(model.isEmpty() ? null : model.getFirst(), list.first());
      assertSame(model.isEmpty() ? null : model.getLast(), list.last());
    }
  }

  /** Where each removal looks at all the others this is 125 thousand million looks. */
  @ParameterizedTest
  @ValueSource(strings = {"first to last", "last to first", "any order"})
  void manyThatGiveUpOneAfterTheOtherDoNotLookAtEachOther(String order) {
    var list = new ListenerList();
    List<Listener> all = new ArrayList<>();
    for (int i = 0; i < 500_000; i++) {
      var listener = new One();
      list.add(listener);
      all.add(listener);
    }
    if (order.equals("last to first")) {
      Collections.reverse(all);
    } else if (order.equals("any order")) {
      Collections.shuffle(all, new Random(1));
    }
    for (Listener listener : all) {
      assertTrue(list.remove(listener));
    }
    assertNull(list.first());
  }

  @Test
  void thoseThatNobodyNeedsMakeRoomForOthers() {
    var list = new ListenerList();
    var needed = new One();
    list.add(needed);
    for (int i = 0; i < 100; i++) {
      var listener = new One();
      listener.abandoned = true;
      list.add(listener);
    }
    assertTrue(all(list).size() <= 4, () -> "kept " + all(list).size());
    assertSame(needed, list.first());
  }
}
