package asyncio.failures;

import static asyncio.support.Texts.assertContains;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import asyncio.ExceptionGroup;
import asyncio.support.Failure;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

class ExceptionGroupTest {
  private final IOException io = new IOException("io");
  private final FileNotFoundException file = new FileNotFoundException("file");
  private final Failure other = new Failure("other");

  @Test
  void holdsItsFailuresInOrderAndAsSuppressed() {
    var group = new ExceptionGroup("all", List.of(io, other));
    assertEquals(List.of(io, other), group.exceptions());
    assertSame(io, group.getSuppressed()[0]);
    assertSame(other, group.getSuppressed()[1]);
    assertEquals("all (2 failures)", group.getMessage());
    assertEquals("one (1 failure)", new ExceptionGroup("one", List.of(io)).getMessage());
  }

  @Test
  void isNeverEmpty() {
    assertThrows(IllegalArgumentException.class, () -> new ExceptionGroup("none", List.of()));
  }

  @Test
  void theListCannotBeChanged() {
    var group = new ExceptionGroup("all", List.of(io));
    assertThrows(UnsupportedOperationException.class, () -> group.exceptions().clear());
  }

  @Test
  void subgroupTakesATypeOutOfAllLevels() {
    var group = new ExceptionGroup(
        "outer", List.of(other, new ExceptionGroup("inner", List.of(file, other)), io));
    ExceptionGroup found = group.subgroup(IOException.class);
    assertEquals(2, found.exceptions().size());
    assertEquals(List.of(file), ((ExceptionGroup) found.exceptions().get(0)).exceptions());
    assertSame(io, found.exceptions().get(1));
    assertNull(group.subgroup(ArithmeticException.class));
  }

  @Test
  void splitKeepsTheNesting() {
    var group = new ExceptionGroup(
        "outer", List.of(other, new ExceptionGroup("inner", List.of(file, other)), io));
    var parts = group.split(IOException.class::isInstance);
    assertEquals(2, parts.matching().exceptions().size());
    assertEquals(2, parts.rest().exceptions().size());
    assertSame(other, parts.rest().exceptions().get(0));
    assertEquals(List.of(other), ((ExceptionGroup) parts.rest().exceptions().get(1)).exceptions());
    assertNull(group.split(failure -> true).rest());
    assertNull(group.split(failure -> false).matching());
  }

  @Test
  void aPrintedTraceShowsAll() {
    var text = new java.io.StringWriter();
    new ExceptionGroup("all", List.of(io, other)).printStackTrace(new java.io.PrintWriter(text));
    assertContains(text.toString(), "java.io.IOException: io", "other");
  }
}
