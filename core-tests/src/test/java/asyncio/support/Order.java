package asyncio.support;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.List;

/** What has happened, in the order in which it happened. */
public final class Order {
  private final List<Object> events;

  /** Coroutines of one loop may add to it. */
  public Order() {
    this(new ArrayList<>());
  }

  private Order(List<Object> events) {
    this.events = events;
  }

  /** Any thread may add to it. */
  public static Order ofManyThreads() {
    return new Order(Collections.synchronizedList(new ArrayList<>()));
  }

  public void add(Object event) {
    events.add(event);
  }

  public void addAll(Collection<?> more) {
    events.addAll(more);
  }

  /** Fails unless exactly this has happened, in this order. */
  public void assertIs(Object... expected) {
    assertIs(Arrays.asList(expected));
  }

  /** Fails unless exactly this has happened, in this order. */
  public void assertIs(List<?> expected) {
    assertEquals(expected, events);
  }

  /** Fails unless this has happened first, in this order. */
  public void assertBeginsWith(Object... expected) {
    assertEquals(
        Arrays.asList(expected),
        events.subList(0, Math.min(expected.length, events.size())),
        () -> "they begin " + events);
  }

  /** Fails unless exactly this has happened, in whatever order. */
  public void assertIsInAnyOrder(Object... expected) {
    assertEquals(
        sorted(Arrays.asList(expected)), sorted(events), () -> "sorted; as it was: " + events);
  }

  private static List<String> sorted(List<?> events) {
    return events.stream().map(String::valueOf).sorted().toList();
  }

  /** Fails if anything has happened. */
  public void assertIsEmpty() {
    assertIs(List.of());
  }

  /** Forgets all that has happened until now. */
  public void clear() {
    events.clear();
  }

  public boolean isEmpty() {
    return events.isEmpty();
  }

  public int size() {
    return events.size();
  }

  /** The text of what has happened as number {@code index}. */
  public String get(int index) {
    return events.get(index).toString();
  }

  public List<Object> events() {
    return events;
  }

  @Override
  public String toString() {
    return events.toString();
  }
}
