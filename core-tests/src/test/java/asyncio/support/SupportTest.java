package asyncio.support;

import static asyncio.support.Texts.assertAnyContains;
import static asyncio.support.Texts.assertContains;
import static asyncio.support.Texts.assertEndsWith;
import static asyncio.support.Texts.assertLacks;
import static asyncio.support.Texts.assertNoneContains;
import static asyncio.support.Texts.assertStartsWith;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.ExceptionContext;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** Assertions of the tests' own fail when they have to, and show all there was. */
class SupportTest {
  private static void failsWith(Executable assertion, String... shown) {
    String message = assertThrows(AssertionError.class, assertion).getMessage();
    for (String part : shown) {
      assertTrue(message.contains(part), message);
    }
  }

  @Test
  void whatATextLacksIsShownWithTheText() {
    failsWith(() -> assertContains("one, two", "two", "three"), "three", "one, two");
    failsWith(() -> assertLacks("one, two", "three", "two"), "not contain", "one, two");
    failsWith(() -> assertStartsWith("one, two", "two"), "starts", "one, two");
    failsWith(() -> assertEndsWith("one, two", "one"), "ends", "one, two");
    failsWith(() -> assertAnyContains(List.of("one", "two"), "three"), "three", "one", "two");
    failsWith(() -> assertNoneContains(List.of("one", "two"), "w"), "none", "one", "two");
  }

  @Test
  void aTextThatIsAsExpectedPasses() {
    assertContains("one, two", "two", "one");
    assertLacks("one, two", "three", "four");
    assertStartsWith("one, two", "one");
    assertEndsWith("one, two", "two");
    assertAnyContains(List.of("one", "two"), "w");
    assertNoneContains(List.of("one", "two"), "three");
  }

  @Test
  void anotherOrderIsShown() {
    var order = new Order();
    failsWith(() -> order.assertIs("a"), "[]");
    order.addAll(List.of("a", "b", 3));
    failsWith(() -> order.assertIs("a", "b"), "[a, b, 3]");
    failsWith(() -> order.assertIs("a", 3, "b"), "[a, b, 3]");
    failsWith(() -> order.assertBeginsWith("b"), "[a, b, 3]");
    failsWith(() -> order.assertBeginsWith("a", "b", 3, "c"), "[a, b, 3]");
    failsWith(() -> order.assertIsInAnyOrder("b", 3), "[a, b, 3]");
    failsWith(() -> order.assertIsEmpty(), "[a, b, 3]");
  }

  @Test
  void theOrderThatIsExpectedPasses() {
    var order = new Order();
    order.assertIsEmpty();
    order.addAll(List.of("a", "b", 3));
    order.assertIs("a", "b", 3);
    order.assertIs(List.of("a", "b", 3));
    order.assertBeginsWith("a", "b");
    order.assertIsInAnyOrder(3, "a", "b");
  }

  @Test
  void anotherNumberOfReportsIsShown() {
    var reports = new Reports();
    failsWith(reports::only, "0");
    reports.handle(null, new ExceptionContext("first", new Failure("x"), null));
    assertEquals("first", reports.only().message());
    failsWith(reports::assertNone, "first");
    reports.handle(null, new ExceptionContext("second", new Failure("x"), null));
    failsWith(reports::only, "first", "second");
  }
}
