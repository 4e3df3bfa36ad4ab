package asyncio.examples;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import asyncio.support.Program;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;

/**
 * What README.md and docs/ show is true. A block "java" with a main is a program: it compiles
 * without a warning and runs. What follows it tells the rest:
 *
 * <pre>
 * ```text          it prints exactly this
 * ```text stderr   this is found in its standard error; … stands for anything
 * </pre>
 *
 * A block "java portable" or "java mounted" runs on that carrier only, "java no-run" is compiled
 * only, "java example Name" is examples/Name.java, and tested there. A block "python" before a
 * program of ours is its twin and prints the same; "python twin of Name" is the twin of an example.
 * A block "java test" is a class of tests, which JUnit runs. The commands `./asyncio run` of a
 * block "sh" end well.
 */
class DocsTest {
  private static final Pattern CLASS = Pattern.compile("(?m)^class (\\w+) ");
  private static final Pattern MAIN = Pattern.compile("\\bvoid main\\(");

  @TempDir
  Path folder;

  /** A program of a page; it fits into a test's name. */
  record Shown(String name, Pages.Block code, List<Pages.Block> results) {
    @Override
    public String toString() {
      return name;
    }
  }

  static List<Shown> programs() throws IOException {
    List<Shown> programs = new ArrayList<>();
    for (Path page : Pages.all()) {
      List<Pages.Block> blocks = Pages.blocks(page);
      int number = 0;
      for (int i = 0; i < blocks.size(); i++) {
        Pages.Block block = blocks.get(i);
        if (!block.language().equals("java")
            || block.info().startsWith("example ")
            || !MAIN.matcher(block.text()).find()) {
          continue;
        }
        List<Pages.Block> results = new ArrayList<>();
        while (i + 1 < blocks.size() && blocks.get(i + 1).language().equals("text")) {
          results.add(blocks.get(++i));
        }
        programs.add(new Shown(className(page) + ++number, block, results));
      }
    }
    return programs;
  }

  /** "2-coroutines-and-tasks.md" is CoroutinesAndTasks. */
  private static String className(Path page) {
    String name = page.getFileName().toString().replace(".md", "").replaceFirst("^[0-9]+", "");
    return Arrays.stream(name.split("[^A-Za-z0-9]+"))
        .filter(word -> !word.isEmpty())
        .map(word -> word.substring(0, 1).toUpperCase() + word.substring(1).toLowerCase())
        .collect(Collectors.joining());
  }

  @ParameterizedTest
  @MethodSource("programs")
  void runsAsShown(Shown shown) throws IOException {
    Path source = Files.writeString(folder.resolve(shown.name + ".java"), shown.code.text());
    Path classes = Compiler.javac(source, folder.resolve("classes"));
    if (shown.code.info().equals("no-run")) {
      return;
    }
    String carrier = Program.mounted() ? "mounted" : "portable";
    assumeTrue(
        shown.code.info().isEmpty() || shown.code.info().equals(carrier),
        "shown for the " + shown.code.info() + " carrier");
    boolean complains = shown.results.stream().anyMatch(result -> result.info().equals("stderr"));
    try (var program =
        complains ? Program.javaWatched(classes, shown.name) : Program.java(classes, shown.name)) {
      int code = program.exitCode();
      assertAll(shown.results.stream().map(result -> () -> check(result, program)));
      if (!complains) {
        assertAll(() -> assertEquals("", program.errors()), () -> assertEquals(0, code));
      }
    }
  }

  /** Programs of Python whose twin follows, with what that prints. */
  static List<Shown> twins() throws IOException {
    List<Shown> twins = new ArrayList<>();
    for (Path page : Pages.all()) {
      List<Pages.Block> blocks = Pages.blocks(page);
      int number = 0;
      for (int i = 0; i + 2 < blocks.size(); i++) {
        if (blocks.get(i).language().equals("python")
            && blocks.get(i).info().isEmpty()
            && blocks.get(i + 1).language().equals("java")
            && blocks.get(i + 2).language().equals("text")) {
          var printed = List.of(blocks.get(i + 2));
          twins.add(new Shown(className(page) + "Twin" + ++number, blocks.get(i), printed));
        }
      }
    }
    return twins;
  }

  /** Once is enough: Python knows nothing of our carriers. */
  @ParameterizedTest
  @MethodSource("twins")
  void aTwinInPythonPrintsTheSame(Shown twin) throws IOException {
    assumeTrue(Program.mounted(), "not once for each carrier");
    Path script = Files.writeString(folder.resolve(twin.name + ".py"), twin.code.text());
    Twins.prints(twin.results.getFirst().text(), script);
  }

  /** Only the file is tested. */
  @Test
  void examplesInPagesAreTheFiles() throws IOException {
    int shown = 0;
    for (Path page : Pages.all()) {
      for (Pages.Block block : Pages.blocks(page)) {
        if (block.info().startsWith("example ")) {
          String name = block.info().substring("example ".length());
          String file = Files.readString(ExamplesTest.example(name));
          assertEquals(file.strip(), block.text().strip(), name);
          shown++;
        }
      }
    }
    assertTrue(shown > 0, "the pattern still finds them");
  }

  /** They are laid out by hand: the formatter does not parse compact source files. */
  @Test
  void linesOfExamplesFitOnAPage() throws IOException {
    for (Path file : ExamplesTest.examples()) {
      List<String> lines = Files.readAllLines(file);
      for (int i = 0; i < lines.size(); i++) {
        String line = lines.get(i);
        String place = file.getFileName() + ":" + (i + 1);
        assertTrue(line.length() <= 100, () -> place + " has more than 100 characters");
        assertEquals(line.stripTrailing(), line, () -> place + " ends in white space");
        assertFalse(line.contains("\t"), () -> place + " has a tab");
      }
    }
  }

  private static void check(Pages.Block result, Program program) {
    if (result.info().isEmpty()) {
      assertEquals(result.text(), program.output());
      return;
    }
    String shown = Arrays.stream(result.text().strip().split("…", -1))
        .map(Pattern::quote)
        .collect(Collectors.joining(".*?"));
    assertTrue(
        Pattern.compile(shown, Pattern.DOTALL).matcher(program.errors()).find(),
        () -> "shown:\n" + result.text() + "printed:\n" + program.errors());
  }

  static List<String> commands() throws IOException {
    List<String> commands = new ArrayList<>();
    for (Path page : Pages.all()) {
      for (Pages.Block block : Pages.blocks(page)) {
        if (block.language().equals("sh")) {
          block
              .text()
              .lines()
              .filter(line -> line.startsWith("./asyncio run "))
              .forEach(commands::add);
        }
      }
    }
    return commands.stream().distinct().toList();
  }

  /** The script makes its own choice of the carrier, so once is enough. */
  @ParameterizedTest
  @MethodSource("commands")
  @Timeout(value = 5, unit = TimeUnit.MINUTES)
  void commandEndsWell(String command) throws IOException {
    assumeTrue(Program.mounted(), "not once for each carrier");
    try (var program = Program.start(Duration.ofMinutes(4), List.of("sh", "-c", command))) {
      assertEquals(0, program.exitCode(), program::whatHappened);
    }
  }

  /** Pages that name the test that holds each of their lines. */
  @ParameterizedTest
  @ValueSource(strings = {"differences.md", "rules-and-tests.md"})
  void testsThatAPageNamesAreThere(String page) throws IOException {
    Map<String, String> sources = new HashMap<>();
    for (String tests : List.of("core-tests/src/test/java", "core/src/test/java")) {
      try (var files = Files.walk(Program.root().resolve(tests))) {
        for (Path file : files.filter(Files::isRegularFile).toList()) {
          sources.put(file.getFileName().toString().replace(".java", ""), Files.readString(file));
        }
      }
    }
    String text = Files.readString(Program.root().resolve("docs").resolve(page));
    List<String> named = Pattern.compile("`\\w+(?:Test|Contract)\\.[\\w.]+`")
        .matcher(text)
        .results()
        .map(test -> test.group().replace("`", ""))
        .toList();
    assertFalse(named.isEmpty(), "the pattern still finds them");
    assertEquals(
        List.of(), named.stream().filter(test -> !isThere(test, sources)).toList());
  }

  /** A test is `Class.method`, or `Class.Nested.method`. */
  private static boolean isThere(String test, Map<String, String> sources) {
    String[] names = test.split("\\.", -1);
    String source = sources.getOrDefault(names[0], "");
    for (int i = 1; i < names.length - 1; i++) {
      int nested = source.indexOf(" class " + names[i] + " {");
      source = nested < 0 ? "" : source.substring(nested);
    }
    String method = names[names.length - 1];
    return Pattern.compile("(?s)@\\w*Test\\b((?!\\bvoid\\b|;).)* void " + method + "\\(")
        .matcher(source)
        .find();
  }

  /** Each row of the rules has a test, or says why it has none. */
  @Test
  void everyRuleHasATestOrAReason() throws IOException {
    List<String> without =
        Files.readAllLines(Program.root().resolve("docs/rules-and-tests.md")).stream()
            .filter(line ->
                line.startsWith("| ") && !line.startsWith("| rule") && !line.startsWith("| ---"))
            .filter(
                line -> !line.matches("\\| .+ \\| (`\\w+(?:Test|Contract)\\.|\\[|none: ).* \\|"))
            .toList();
    assertEquals(List.of(), without);
  }

  /** A link within the project leads to a file, and to a heading in it if it names one. */
  @Test
  void linksLeadSomewhere() throws IOException {
    List<String> broken = new ArrayList<>();
    for (Path page : Pages.all()) {
      var links = Pattern.compile("\\]\\(([^)#:]*)(#[^)]*)?\\)").matcher(Files.readString(page));
      while (links.find()) {
        Path target = links.group(1).isEmpty() ? page : page.resolveSibling(links.group(1));
        if (!Files.exists(target)
            || links.group(2) != null && !headings(target).contains(links.group(2))) {
          broken.add(page.getFileName() + ": " + links.group());
        }
      }
    }
    assertEquals(List.of(), broken);
  }

  /** As a link names them: "## Code that blocks" is "#code-that-blocks". */
  private static List<String> headings(Path page) throws IOException {
    return Pages.prose(page).stream()
        .map(Pages.Line::text)
        .filter(line -> line.startsWith("#"))
        .map(line -> line.replaceFirst("#+ ", "").toLowerCase().replaceAll("[^\\w -]", ""))
        .map(heading -> "#" + heading.replace(' ', '-'))
        .toList();
  }

  /** Prose is one line for a paragraph or a sentence. Tables and code are as wide as they are. */
  @Test
  void noLineOfProseIsLongerThan180() throws IOException {
    List<Path> pages = new ArrayList<>(Pages.all());
    pages.add(Program.root().resolve("CONTRIBUTING.md"));
    List<String> tooLong = new ArrayList<>();
    for (Path page : pages) {
      for (Pages.Line line : Pages.prose(page)) {
        if (line.text().length() > 180 && !line.text().startsWith("|")) {
          tooLong.add(Program.root().relativize(page) + ":" + line.number());
        }
      }
    }
    assertEquals(List.of(), tooLong);
  }

  /** See {@link Contents} for how to write the table anew. */
  @Test
  void theTableOfContentsMatchesThePages() throws IOException {
    Path docs = Program.root().resolve("docs");
    assertEquals(Contents.table(docs), Contents.found(docs));
  }

  @Test
  void eachPageOfTheGuideIsReachedAndSaysWhereToGoNext() throws IOException {
    Path docs = Program.root().resolve("docs");
    List<Path> pages;
    try (var files = Files.list(docs.resolve("guide"))) {
      pages = files.sorted().toList();
    }
    assertEquals(pages, Contents.pages(docs).stream().sorted().toList());
    List<Path> silent = new ArrayList<>();
    for (Path page : pages) {
      if (!Files.readAllLines(page).getLast().startsWith("Next: ")) {
        silent.add(page);
      }
    }
    assertEquals(List.of(), silent);
  }

  static List<Shown> tests() throws IOException {
    List<Shown> tests = new ArrayList<>();
    for (Path page : Pages.all()) {
      for (Pages.Block block : Pages.blocks(page)) {
        if (block.language().equals("java") && block.info().equals("test")) {
          var name = CLASS.matcher(block.text());
          assertTrue(name.find(), block.text());
          tests.add(new Shown(name.group(1), block, List.of()));
        }
      }
    }
    return tests;
  }

  @ParameterizedTest
  @MethodSource("tests")
  void aTestPasses(Shown shown) throws Exception {
    Path source = Files.writeString(folder.resolve(shown.name + ".java"), shown.code.text());
    Path classes = Compiler.javacTest(source, folder.resolve("classes"));
    try (var loader =
        new URLClassLoader(new URL[] {classes.toUri().toURL()}, getClass().getClassLoader())) {
      var summary = new SummaryGeneratingListener();
      var request = LauncherDiscoveryRequestBuilder.request()
          .selectors(DiscoverySelectors.selectClass(loader.loadClass(shown.name)))
          .build();
      LauncherFactory.create().execute(request, summary);
      var failures = summary.getSummary().getFailures();
      assertAll(failures.stream().map(failure -> () -> {
        throw failure.getException();
      }));
      assertTrue(summary.getSummary().getTestsSucceededCount() > 0, "it has tests");
    }
  }
}
