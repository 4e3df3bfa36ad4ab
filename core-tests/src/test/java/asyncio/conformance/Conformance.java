package asyncio.conformance;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Compares how the tests with {@link Covers} ended with the names of CPython's suite, and prints
 * the table of {@code ./asyncio conformance}. It uses nothing but the JDK, so that the script
 * starts it with the test classes alone.
 */
final class Conformance {
  static final Set<String> CARRIERS = new TreeSet<>(Set.of("mounted", "portable"));

  enum Outcome {
    PASSED,
    FAILED,
    SKIPPED
  }

  enum Status {
    PASSED,
    EXCUSED,
    LATER,
    MISSING,
    FAILED
  }

  /** How one test that covers {@code name} ended on one carrier. */
  record Result(String carrier, String name, String test, Outcome outcome) {
    String line() {
      return String.join("\t", carrier, name, test, outcome.name());
    }

    static Result parse(String line) {
      String[] fields = line.split("\t");
      return new Result(fields[0], fields[1], fields[2], Outcome.valueOf(fields[3]));
    }
  }

  /**
   * {@code detail}: the reason of an excuse, the area of a later one, what is missing or failed.
   */
  record Verdict(Status status, String detail) {}

  private final Map<String, Verdict> verdicts = new LinkedHashMap<>();
  private final List<String> mistakes = new ArrayList<>();

  /**
   * @param names lines of names.txt: a name, perhaps with "later: area"
   * @param excuses lines of excuses.txt: "name = reason"
   */
  Conformance(List<String> names, List<String> excuses, List<Result> results) {
    Map<String, List<Result>> byName = results.stream()
        .collect(Collectors.groupingBy(Result::name, TreeMap::new, Collectors.toList()));
    Map<String, String> reasons = reasons(excuses);
    for (String line : content(names)) {
      String[] parts = line.split("\\s+later:\\s*", 2);
      List<Result> covering = byName.getOrDefault(parts[0], List.of());
      Verdict verdict = verdict(parts[0], parts.length == 2 ? parts[1] : "", reasons, covering);
      if (verdicts.put(parts[0], verdict) != null) {
        mistakes.add(parts[0] + " is listed twice in names.txt");
      }
    }
    byName.forEach((name, covering) -> {
      if (!verdicts.containsKey(name)) {
        mistakes.add(tests(covering) + " covers " + name + ", which is not in names.txt");
      }
    });
    reasons.keySet().stream()
        .filter(name -> !verdicts.containsKey(name))
        .forEach(name ->
            mistakes.add("the excuse for " + name + " is for a name that is not in names.txt"));
  }

  private Map<String, String> reasons(List<String> excuses) {
    Map<String, String> reasons = new LinkedHashMap<>();
    for (String line : content(excuses)) {
      String[] parts = line.split("\\s*=\\s*", 2);
      if (parts.length < 2 || parts[1].isEmpty()) {
        mistakes.add("the excuse for " + parts[0] + " has no reason");
      } else if (reasons.put(parts[0], parts[1]) != null) {
        mistakes.add(parts[0] + " is listed twice in excuses.txt");
      }
    }
    return reasons;
  }

  private Verdict verdict(
      String name, String area, Map<String, String> reasons, List<Result> covering) {
    String reason = reasons.get(name);
    if (!covering.isEmpty() && reason != null) {
      mistakes.add(name + " is excused, but " + tests(covering) + " covers it");
    }
    if (!covering.isEmpty() && !area.isEmpty()) {
      mistakes.add(name + " is for later, but " + tests(covering) + " covers it");
    }
    if (reason != null && !area.isEmpty()) {
      mistakes.add(name + " is excused and for later");
    }
    if (reason != null) {
      return new Verdict(Status.EXCUSED, reason);
    }
    if (!area.isEmpty()) {
      return new Verdict(Status.LATER, area);
    }
    if (covering.isEmpty()) {
      return new Verdict(Status.MISSING, "no test covers it");
    }
    List<Result> failed =
        covering.stream().filter(result -> result.outcome() == Outcome.FAILED).toList();
    if (!failed.isEmpty()) {
      return new Verdict(Status.FAILED, tests(failed) + " failed, " + carriers(failed));
    }
    List<Result> passed =
        covering.stream().filter(result -> result.outcome() == Outcome.PASSED).toList();
    if (!passed.stream().map(Result::carrier).collect(Collectors.toSet()).containsAll(CARRIERS)) {
      String where = passed.isEmpty() ? "on no carrier" : "only " + carriers(passed);
      return new Verdict(Status.MISSING, tests(covering) + " ran " + where);
    }
    return new Verdict(Status.PASSED, tests(passed));
  }

  private static String tests(List<Result> results) {
    return results.stream().map(Result::test).distinct().collect(Collectors.joining(", "));
  }

  private static String carriers(List<Result> results) {
    return results.stream()
        .map(Result::carrier)
        .distinct()
        .sorted()
        .collect(Collectors.joining(" and ", "on ", ""));
  }

  private static List<String> content(List<String> lines) {
    return lines.stream()
        .map(String::strip)
        .filter(line -> !line.isEmpty() && !line.startsWith("#"))
        .toList();
  }

  Verdict of(String name) {
    return verdicts.get(name);
  }

  /** What contradicts itself: each counts as failed. */
  List<String> mistakes() {
    return mistakes;
  }

  int count(Status status) {
    return (int)
        verdicts.values().stream().filter(verdict -> verdict.status() == status).count();
  }

  /** Names in scope without a test that passes, and mistakes. */
  int failed() {
    return count(Status.MISSING) + count(Status.FAILED) + mistakes.size();
  }

  String report() {
    var text = new StringBuilder();
    Map<String, Map<Status, Integer>> files = new LinkedHashMap<>();
    verdicts.forEach((name, verdict) -> files
        .computeIfAbsent(file(name), _ -> new EnumMap<>(Status.class))
        .merge(verdict.status(), 1, Integer::sum));
    row(text, "", List.of("passed", "excused", "later", "missing", "failed"));
    files.forEach((file, counts) -> row(text, file, numbers(counts)));
    Map<Status, Integer> all = new EnumMap<>(Status.class);
    for (Status status : Status.values()) {
      all.put(status, count(status));
    }
    row(text, "all", numbers(all));
    list(text, Status.EXCUSED, "Excused");
    later(text);
    list(text, Status.MISSING, "Missing");
    list(text, Status.FAILED, "Failed");
    if (!mistakes.isEmpty()) {
      text.append("\nMistakes\n");
      mistakes.forEach(mistake -> text.append("  ").append(mistake).append('\n'));
    }
    text.append("\n%d passed, %d failed%n".formatted(count(Status.PASSED), failed()));
    return text.toString();
  }

  private static String file(String name) {
    return name.substring(0, name.indexOf('.'));
  }

  private static List<String> numbers(Map<Status, Integer> counts) {
    List<String> numbers = new ArrayList<>();
    for (Status status : Status.values()) {
      int count = counts.getOrDefault(status, 0);
      numbers.add(count == 0 ? "·" : String.valueOf(count));
    }
    return numbers;
  }

  private static void row(StringBuilder text, String first, List<String> others) {
    text.append("%-24s".formatted(first));
    others.forEach(other -> text.append("%9s".formatted(other)));
    text.append('\n');
  }

  private void list(StringBuilder text, Status status, String title) {
    if (count(status) == 0) {
      return;
    }
    text.append('\n').append(title).append('\n');
    verdicts.forEach((name, verdict) -> {
      if (verdict.status() == status) {
        text.append("  %s: %s%n".formatted(name, verdict.detail()));
      }
    });
  }

  private void later(StringBuilder text) {
    Map<String, Set<String>> areas = new TreeMap<>();
    Map<String, Integer> counts = new TreeMap<>();
    verdicts.forEach((name, verdict) -> {
      if (verdict.status() == Status.LATER) {
        areas.computeIfAbsent(verdict.detail(), _ -> new TreeSet<>()).add(file(name));
        counts.merge(verdict.detail(), 1, Integer::sum);
      }
    });
    if (!areas.isEmpty()) {
      text.append("\nLater\n");
      areas.forEach((area, files) -> text.append(
          "  %s: %d of %s%n".formatted(area, counts.get(area), String.join(", ", files))));
    }
  }

  /** Arguments: the folder of names.txt and excuses.txt, and the file of the results. */
  public static void main(String[] arguments) throws IOException {
    Path folder = Path.of(arguments[0]);
    Path results = Path.of(arguments[1]);
    var conformance = new Conformance(
        Files.readAllLines(folder.resolve("names.txt")),
        Files.readAllLines(folder.resolve("excuses.txt")),
        Files.exists(results)
            ? Files.readAllLines(results).stream().map(Result::parse).toList()
            : List.of());
    System.out.print(conformance.report());
    System.exit(conformance.failed() == 0 ? 0 : 1);
  }
}
