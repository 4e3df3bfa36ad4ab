package asyncio.internal.scheduler;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The heap is compared with a sorted list; it has no black box of its own size. */
class TimersTest {
  private static final class Entry extends Timer {
    final long time;
    final int order;

    Entry(long time, int order) {
      this.time = time;
      this.order = order;
    }

    @Override
    protected void fire() {}
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void behavesLikeASortedListUnderRandomAddsAndRemovals(long seed) {
    var random = new Random(seed);
    var timers = new Timers();
    List<Entry> model = new ArrayList<>();
    int order = 0;
    for (int i = 0; i < 20_000; i++) {
      int action = random.nextInt(10);
      if (action < 5) {
        var entry = new Entry(random.nextInt(500), order++);
        timers.add(entry, entry.time);
        model.add(entry);
      } else if (action < 8 && !model.isEmpty()) {
        Entry entry = model.remove(random.nextInt(model.size()));
        timers.remove(entry);
        timers.remove(entry); // a second time does nothing
      } else {
        long now = random.nextInt(500);
        Entry first = first(model);
        Timer polled = timers.pollDue(now);
        if (first == null || first.time > now) {
          assertNull(polled, () -> "seed " + seed);
        } else {
          assertSame(first, polled, () -> "seed " + seed);
          model.remove(first);
        }
      }
      Entry first = first(model);
      assertEquals(
          first == null ? Long.MAX_VALUE : first.time, timers.next(), () -> "seed " + seed);
      assertEquals(model.size(), timers.size());
    }
  }

  private static Entry first(List<Entry> model) {
    return model.stream()
        .min(Comparator.<Entry>comparingLong(e -> e.time).thenComparingInt(e -> e.order))
        .orElse(null);
  }

  @Test
  void timersOfTheSameTimeComeInTheOrderOfTheirAddition() {
    var timers = new Timers();
    List<Entry> added = new ArrayList<>();
    for (int i = 0; i < 1000; i++) {
      var entry = new Entry(7, i);
      timers.add(entry, 7);
      added.add(entry);
    }
    for (Entry entry : added) {
      assertSame(entry, timers.pollDue(7));
    }
    assertNull(timers.pollDue(7));
  }
}
