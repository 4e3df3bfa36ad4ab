package asyncio.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;

import asyncio.Asyncio;
import asyncio.flow.Flows;
import asyncio.support.Program;
import java.io.IOException;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/**
 * docs/python-to-java.md is whole and true: it has a line for each name of docs/api-rows.txt, and
 * what it names is there.
 */
class PythonToJavaTest {
  /** Sections without lines that say "later": all but networking, processes and watching. */
  private static final Set<Integer> COMPLETE = IntStream.of(
          1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 13, 14, 22, 24, 25, 26)
      .boxed()
      .collect(Collectors.toSet());

  private static final List<Class<?>> EXPORTED = List.of(Asyncio.class, Flows.class);
  private static final Pattern HEADING = Pattern.compile("## (\\d+)\\. .*");
  private static final Pattern CODE = Pattern.compile("`([^`]+)`");

  record Row(int section, String name, String java, String remark) {}

  private static String page() throws IOException {
    return Files.readString(Program.root().resolve("docs/python-to-java.md"));
  }

  static List<Row> rows(String page) {
    List<Row> rows = new ArrayList<>();
    int section = -1;
    for (String line : page.lines().toList()) {
      var heading = HEADING.matcher(line);
      if (heading.matches()) {
        section = Integer.parseInt(heading.group(1));
      } else if (section >= 0 && line.startsWith("| ")) {
        String[] cells = line.split("\\s*\\|\\s*", -1);
        if (cells.length == 5 && !cells[1].startsWith("---") && !cells[3].equals("remarks")) {
          rows.add(new Row(section, cells[1].replace("`", ""), cells[2], cells[3]));
        }
      }
    }
    return rows;
  }

  @Test
  void eachNameHasItsLine() throws IOException {
    Set<String> wanted = new LinkedHashSet<>();
    for (String line : Files.readAllLines(Program.root().resolve("docs/api-rows.txt"))) {
      if (!line.startsWith("#")) {
        wanted.add(line);
      }
    }
    List<String> found =
        rows(page()).stream().map(row -> row.section + "\t" + row.name).toList();
    assertEquals(List.of(), missing(wanted, found), "names without a line");
    assertEquals(List.of(), missing(found, wanted), "lines for no name");
    assertEquals(found.size(), Set.copyOf(found).size(), "a line stands twice");
  }

  private static <T> List<T> missing(
      java.util.Collection<T> wanted, java.util.Collection<T> found) {
    return wanted.stream().filter(one -> !found.contains(one)).toList();
  }

  @Test
  void eachLineSaysWhatOrWhyOrWhen() throws IOException {
    assertEquals(List.of(), rows(page()).stream().filter(row -> !says(row)).toList());
  }

  static boolean says(Row row) {
    if (row.java.startsWith("later: ")) {
      return !COMPLETE.contains(row.section);
    }
    return row.java.equals("—") ? !row.remark.isEmpty() : CODE.matcher(row.java).find();
  }

  @Test
  void whatItNamesIsThere() throws IOException {
    List<String> gone = new ArrayList<>();
    for (Row row : rows(page())) {
      var names = CODE.matcher(row.java);
      while (names.find()) {
        if (!exists(names.group(1))) {
          gone.add(row.section + ", " + row.name + ": " + names.group(1));
        }
      }
    }
    assertEquals(List.of(), gone);
  }

  /** {@code Type}, {@code new Type}, {@code Type.member} of an exported package, or a test. */
  static boolean exists(String name) throws IOException {
    if (name.startsWith("new ")) {
      Class<?> type = type(name.substring(4));
      return type != null && type.getConstructors().length > 0;
    }
    int dot = name.indexOf('.');
    if (dot < 0) {
      return type(name) != null;
    }
    String member = name.substring(dot + 1);
    if (name.substring(0, dot).endsWith("Test")) {
      return isTest(name.substring(0, dot), member);
    }
    Class<?> type = type(name.substring(0, dot));
    return type != null
        && (Arrays.stream(type.getMethods()).anyMatch(method -> method.getName().equals(member))
            || Arrays.stream(type.getFields()).anyMatch(field -> field.getName().equals(member))
            || Arrays.stream(type.getClasses())
                .anyMatch(nested -> nested.getSimpleName().equals(member)));
  }

  private static Class<?> type(String name) {
    for (Class<?> neighbour : EXPORTED) {
      try {
        Class<?> type = Class.forName(neighbour.getPackageName() + "." + name);
        return Modifier.isPublic(type.getModifiers()) ? type : null;
      } catch (ClassNotFoundException e) {
        // perhaps in the next package
      }
    }
    return null;
  }

  private static boolean isTest(String type, String method) throws IOException {
    Path tests = Program.root().resolve("core-tests/src/test/java");
    try (var files = Files.walk(tests)) {
      for (Path file : files.filter(path -> path.endsWith(type + ".java")).toList()) {
        if (Files.readString(file).contains(" void " + method + "(")) {
          return true;
        }
      }
    }
    return false;
  }

  // ---- the checks themselves ----

  @Test
  void aLineThatSaysNothingIsFound() throws IOException {
    List<Row> rows = rows("""
            ## 7. Queues

            | asyncio | Java | remarks |
            | --- | --- | --- |
            | `put` | `Queue.put` |  |
            | `get` | later: networking |  |
            | `peek` | — |  |
            | absent | — | no use |

            ## 9. Streams

            | `read` | later: networking |  |
            """);
    assertEquals(
        List.of("put", "get", "peek", "absent", "read"),
        rows.stream().map(Row::name).toList());
    assertEquals(
        List.of("get", "peek"),
        rows.stream().filter(row -> !says(row)).map(Row::name).toList());
  }

  @Test
  void aNameThatIsNotThereIsFound() throws IOException {
    List<String> names = List.of(
        "Queue",
        "new Queue",
        "Queue.put",
        "Lock.Permit",
        "Asyncio.openConnection",
        "QueueTest.itemsComeOutInOrder",
        "Queues",
        "new Asyncio",
        "Queue.peek",
        "Driver",
        "QueueTest.itemsComeOut");
    List<String> there = new ArrayList<>();
    for (String name : names) {
      if (exists(name)) {
        there.add(name);
      }
    }
    assertEquals(names.subList(0, 6), there);
  }
}
