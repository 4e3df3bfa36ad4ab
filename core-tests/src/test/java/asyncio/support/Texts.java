package asyncio.support;

import static org.junit.jupiter.api.Assertions.fail;

import java.util.Collection;

/** Assertions about texts, which quote the text when they fail. */
public final class Texts {
  private Texts() {}

  /** Fails unless the text contains all {@code parts}, in any order. */
  public static void assertContains(String text, String... parts) {
    for (String part : parts) {
      check(text.contains(part), "it contains", part, text);
    }
  }

  /** Fails if the text contains one of {@code parts}. */
  public static void assertLacks(String text, String... parts) {
    for (String part : parts) {
      check(!text.contains(part), "it does not contain", part, text);
    }
  }

  public static void assertStartsWith(String text, String start) {
    check(text.startsWith(start), "it starts with", start, text);
  }

  public static void assertEndsWith(String text, String end) {
    check(text.endsWith(end), "it ends with", end, text);
  }

  /** Fails unless one of {@code texts} contains {@code part}. */
  public static void assertAnyContains(Collection<String> texts, String part) {
    check(
        texts.stream().anyMatch(text -> text.contains(part)),
        "one contains",
        part,
        String.join("\n", texts));
  }

  /** Fails if one of {@code texts} contains {@code part}. */
  public static void assertNoneContains(Collection<String> texts, String part) {
    check(
        texts.stream().noneMatch(text -> text.contains(part)),
        "none contains",
        part,
        String.join("\n", texts));
  }

  private static void check(boolean holds, String expected, String part, String text) {
    if (!holds) {
      fail("expected that " + expected + "\n  " + part + "\nThe text:\n" + text);
    }
  }
}
