package asyncio.conformance;

import static asyncio.support.Texts.assertContains;
import static asyncio.support.Texts.assertEndsWith;
import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;

import asyncio.conformance.Conformance.Outcome;
import asyncio.conformance.Conformance.Result;
import asyncio.conformance.Conformance.Status;
import asyncio.conformance.Conformance.Verdict;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.Method;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ConformanceTest {
  private static final List<String> NAMES = List.of(
      "# what CPython tests",
      "",
      "test_a.Tests.one",
      "test_a.Tests.two",
      "test_b.Tests.three  later: networking");

  private static Result result(String carrier, String name, Outcome outcome) {
    return new Result(carrier, name, "ATest.holds", outcome);
  }

  /** Passed on both carriers. */
  private static List<Result> passed(String... names) {
    List<Result> results = new ArrayList<>();
    for (String name : names) {
      for (String carrier : Conformance.CARRIERS) {
        results.add(result(carrier, name, Outcome.PASSED));
      }
    }
    return results;
  }

  private static List<Result> both(List<Result> results, Result another) {
    List<Result> all = new ArrayList<>(results);
    all.add(another);
    return all;
  }

  @Test
  void allIsWellWhenEachNameInScopePassedOnBothCarriersOrIsExcused() {
    var conformance = new Conformance(
        NAMES, List.of("test_a.Tests.two = Java has types"), passed("test_a.Tests.one"));
    assertAll(
        () -> assertEquals(
            new Verdict(Status.PASSED, "ATest.holds"), conformance.of("test_a.Tests.one")),
        () -> assertEquals(
            new Verdict(Status.EXCUSED, "Java has types"), conformance.of("test_a.Tests.two")),
        () -> assertEquals(
            new Verdict(Status.LATER, "networking"), conformance.of("test_b.Tests.three")),
        () -> assertEquals(0, conformance.failed()),
        () -> assertEquals("""
                                           passed  excused    later  missing   failed
                test_a                          1        1        ·        ·        ·
                test_b                          ·        ·        1        ·        ·
                all                             1        1        1        ·        ·

                Excused
                  test_a.Tests.two: Java has types

                Later
                  networking: 1 of test_b

                1 passed, 0 failed
                """, conformance.report()));
  }

  @Test
  void aNameWithoutATestIsMissing() {
    var conformance = new Conformance(NAMES, List.of(), passed("test_a.Tests.one"));
    assertAll(
        () -> assertEquals(Status.MISSING, conformance.of("test_a.Tests.two").status()),
        () -> assertEquals(1, conformance.failed()),
        () -> assertContains(
            conformance.report(), "Missing\n  test_a.Tests.two: no test covers it\n"),
        () -> assertEndsWith(conformance.report(), "\n1 passed, 1 failed\n"));
  }

  @Test
  void aTestThatFailsOnOneCarrierFailsItsName() {
    var results = both(
        passed("test_a.Tests.one", "test_a.Tests.two"),
        result("portable", "test_a.Tests.two", Outcome.FAILED));
    var conformance = new Conformance(NAMES, List.of(), results);
    assertAll(
        () -> assertEquals(
            new Verdict(Status.FAILED, "ATest.holds failed, on portable"),
            conformance.of("test_a.Tests.two")),
        () -> assertEquals(1, conformance.failed()),
        () -> assertEndsWith(conformance.report(), "\n1 passed, 1 failed\n"));
  }

  @Test
  void aTestThatIsSkippedOnOneCarrierLeavesItsNameMissing() {
    var results = List.of(
        result("mounted", "test_a.Tests.one", Outcome.PASSED),
        result("portable", "test_a.Tests.one", Outcome.SKIPPED));
    assertEquals(
        new Verdict(Status.MISSING, "ATest.holds ran only on mounted"),
        new Conformance(NAMES, List.of(), results).of("test_a.Tests.one"));
  }

  @Test
  void aCoveredNameThatIsUnknownIsAMistake() {
    var conformance = new Conformance(
        NAMES, List.of(), passed("test_a.Tests.one", "test_a.Tests.two", "test_a.Tests.tow"));
    assertAll(
        () -> assertEquals(
            List.of("ATest.holds covers test_a.Tests.tow, which is not in names.txt"),
            conformance.mistakes()),
        () -> assertEquals(1, conformance.failed()));
  }

  @Test
  void anExcuseForWhatIsCoveredUnknownOrLaterIsAMistake() {
    var conformance = new Conformance(
        NAMES,
        List.of(
            "test_a.Tests.one = no",
            "test_a.Tests.tow = no",
            "test_a.Tests.two =",
            "test_b.Tests.three = no"),
        passed("test_a.Tests.one", "test_a.Tests.two"));
    assertEquals(
        List.of(
            "the excuse for test_a.Tests.two has no reason",
            "test_a.Tests.one is excused, but ATest.holds covers it",
            "test_b.Tests.three is excused and for later",
            "the excuse for test_a.Tests.tow is for a name that is not in names.txt"),
        conformance.mistakes());
  }

  @Test
  void aNameForLaterThatIsCoveredIsAMistake() {
    var conformance = new Conformance(NAMES, List.of(), passed("test_b.Tests.three"));
    assertEquals(
        List.of("test_b.Tests.three is for later, but ATest.holds covers it"),
        conformance.mistakes());
  }

  @Test
  void resultsSurviveTheFile() {
    var result = result("mounted", "test_a.Tests.one", Outcome.SKIPPED);
    assertEquals(result, Result.parse(result.line()));
  }

  /** Without running them: what the tests of this project claim makes no mistake. */
  @Test
  void theProjectsOwnTagsAndExcusesFitTheNames() throws Exception {
    List<Result> claims = new ArrayList<>();
    for (Class<?> type : classes()) {
      for (Method method : type.getDeclaredMethods()) {
        var covers = method.getAnnotation(Covers.class);
        if (covers != null) {
          String test = type.getName() + "." + method.getName();
          for (String name : covers.value()) {
            claims.add(new Result("mounted", name, test, Outcome.PASSED));
          }
        }
      }
    }
    assertEquals(
        List.of(), new Conformance(lines("names.txt"), lines("excuses.txt"), claims).mistakes());
  }

  private static List<String> lines(String resource) throws IOException {
    try (InputStream text = ConformanceTest.class.getResourceAsStream(resource)) {
      return new String(text.readAllBytes(), StandardCharsets.UTF_8).lines().toList();
    }
  }

  private static List<Class<?>> classes() throws IOException, URISyntaxException {
    Path root = Path.of(ConformanceTest.class
        .getProtectionDomain()
        .getCodeSource()
        .getLocation()
        .toURI());
    List<Class<?>> classes = new ArrayList<>();
    try (var files = Files.walk(root)) {
      for (Path file : files.filter(path -> path.toString().endsWith(".class")).toList()) {
        classes.add(load(root.relativize(file)));
      }
      return classes;
    }
  }

  /** Not initialised: a test class may have its own idea of when that is. */
  private static Class<?> load(Path file) {
    String name = file.toString().replace(file.getFileSystem().getSeparator(), ".");
    try {
      return Class.forName(
          name.substring(0, name.length() - ".class".length()),
          false,
          ConformanceTest.class.getClassLoader());
    } catch (ClassNotFoundException e) {
      throw new AssertionError(e);
    }
  }
}
