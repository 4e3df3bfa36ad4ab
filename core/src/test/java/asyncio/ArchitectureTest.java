package asyncio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.module.ModuleDescriptor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Rules of the code that no compiler checks. */
class ArchitectureTest {
  private static final Path SOURCES = Path.of("src", "main", "java");

  /** A Javadoc comment and the line of code after it and its annotations. */
  private static final Pattern DOCUMENTED = Pattern.compile(
      "/\\*\\*((?:(?!\\*/).)*)\\*/\\s*(?:@[^\\n]*\\n\\s*)*([^\\n]*)", Pattern.DOTALL);

  @Test
  void coreNeedsNothingButTheJdk() {
    ModuleDescriptor core = Asyncio.class.getModule().getDescriptor();
    Set<String> needed = core.requires().stream()
        .filter(
            required -> !required.modifiers().contains(ModuleDescriptor.Requires.Modifier.STATIC))
        .map(ModuleDescriptor.Requires::name)
        .collect(Collectors.toSet());
    assertEquals(Set.of("java.base"), needed);
  }

  @Test
  void internalPackagesAreExportedToNobody() {
    for (var exported : Asyncio.class.getModule().getDescriptor().exports()) {
      assertFalse(exported.source().startsWith("asyncio.internal"), exported.source());
      assertTrue(exported.targets().isEmpty(), exported.source());
    }
  }

  @Test
  void whoDocumentsThatAMethodWaitsAlsoSaysWhatCancelsAndWhichThread() throws IOException {
    List<String> incomplete = new ArrayList<>();
    int waiting = 0;
    for (Path source : sources()) {
      Matcher matcher = DOCUMENTED.matcher(Files.readString(source));
      while (matcher.find()) {
        String comment = matcher.group(1);
        if (!comment.contains("<i>Waits</i>")) {
          continue;
        }
        waiting++;
        int waits = comment.indexOf("<i>Waits</i>");
        int cancelled = comment.indexOf("<i>If cancelled</i>");
        int thread = comment.indexOf("<i>Thread</i>");
        if (!(waits < cancelled && cancelled < thread)) {
          incomplete.add(source.getFileName() + ": " + matcher.group(2).strip());
        }
      }
    }
    assertEquals(List.of(), incomplete);
    assertTrue(waiting > 20, "the pattern still finds them: " + waiting);
  }

  @Test
  void theLibraryPrintsNothing() throws IOException {
    List<String> printing = new ArrayList<>();
    for (Path source : sources()) {
      String text = Files.readString(source);
      if (text.contains("System.out") || text.contains("System.err") || text.contains("IO.print")) {
        // In a Javadoc example a program may print.
        for (String line : text.split("\n", -1)) {
          boolean prints = line.matches(".*(System\\.(out|err)|IO\\.print).*");
          if (prints && !line.strip().startsWith("*")) {
            printing.add(source.getFileName() + ": " + line.strip());
          }
        }
      }
    }
    assertEquals(List.of(), printing);
  }

  @Test
  void allLogsAreNamedAfterTheirPartInOnePlace() throws IOException {
    List<String> names = new ArrayList<>();
    for (Path source : sources()) {
      String text = Files.readString(source);
      assertFalse(text.contains("java.util.logging"), () -> source + ": log by System.Logger");
      assertTrue(
          !text.contains("System.getLogger") || source.endsWith("Log.java"),
          () -> source + ": a logger may throw, a Log does not");
      Matcher matcher = Pattern.compile("Log\\.named\\(([^)]*)\\)").matcher(text);
      while (matcher.find()) {
        assertEquals("Logs.java", source.getFileName().toString(), "where loggers are made");
        names.add(matcher.group(1));
      }
    }
    assertTrue(names.size() >= 4, names::toString);
    for (String name : names) {
      assertTrue(name.matches("\"asyncio\\.[a-z]+\""), name);
    }
    assertEquals(Set.copyOf(names).size(), names.size(), names::toString);
  }

  private static List<Path> sources() throws IOException {
    try (Stream<Path> files = Files.walk(SOURCES)) {
      return files.filter(file -> file.toString().endsWith(".java")).toList();
    }
  }
}
