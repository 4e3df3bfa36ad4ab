package asyncio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.constantpool.PoolEntry;
import java.lang.classfile.constantpool.Utf8Entry;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * The rooms of the code and the arrows between them, as docs/adr/README.md draws them. A room is a
 * package. The types of {@code asyncio} that know nothing of the library but each other, such as
 * errors and enums, are a room of their own at the bottom.
 */
class RoomsTest {
  private static final Path SOURCES = Path.of("src", "main", "java");
  private static final Path PICTURE = Path.of("..", "docs", "adr", "README.md");
  private static final Pattern TYPE = Pattern.compile("asyncio/(?:[a-z]+/)*[A-Z][A-Za-z0-9]*");
  private static final Pattern IMPORT =
      Pattern.compile("(?m)^import (?:static )?(asyncio\\.[^;]*);");
  private static final Pattern ARROW = Pattern.compile("^ *([a-z]+) --> ([a-z]+)$");

  private static final String PLAIN = "plain";

  /** All rooms may use them, so the picture leaves those arrows out. */
  private static final Set<String> BOTTOM = Set.of(PLAIN, "util");

  /** Of each top-level type, those that it names. */
  private static final SortedMap<String, SortedSet<String>> uses = new TreeMap<>();

  @BeforeAll
  static void readTheClasses() throws Exception {
    Path classes = Path.of(
        Asyncio.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    List<Path> files;
    try (Stream<Path> all = Files.walk(classes)) {
      files = all.filter(file -> file.toString().endsWith(".class")).toList();
    }
    for (Path file : files) {
      read(file);
    }
    uses.remove("module-info");
    try (Stream<Path> all = Files.walk(SOURCES)) {
      files = all.filter(file -> file.toString().endsWith(".java")).toList();
    }
    for (Path file : files) {
      readImports(file);
    }
  }

  /** A comment that links to a type of another room is an arrow, too. */
  private static void readImports(Path file) throws IOException {
    String name = SOURCES.relativize(file).toString().replace(".java", "");
    SortedSet<String> used = uses.get(name);
    Matcher imports = IMPORT.matcher(Files.readString(file));
    while (used != null && imports.find()) {
      Matcher type = TYPE.matcher(imports.group(1).replace('.', '/'));
      if (type.lookingAt()) {
        used.add(type.group());
      }
    }
  }

  private static void read(Path file) throws IOException {
    var model = ClassFile.of().parse(file);
    String name = model.thisClass().asInternalName().replaceFirst("\\$.*", "");
    SortedSet<String> used = uses.computeIfAbsent(name, any -> new TreeSet<>());
    for (PoolEntry entry : model.constantPool()) {
      if (entry instanceof Utf8Entry text) {
        Matcher types = TYPE.matcher(text.stringValue());
        while (types.find()) {
          used.add(types.group());
        }
      }
    }
    used.remove(name);
  }

  /** Whether a type of the public package knows nothing of the library but others like it. */
  private static boolean isPlain(String type) {
    Set<String> seen = new TreeSet<>(Set.of(type));
    ArrayDeque<String> left = new ArrayDeque<>(seen);
    while (!left.isEmpty()) {
      String one = left.pop();
      if (!one.matches("asyncio/[A-Z]\\w*")) {
        return false;
      }
      for (String used : uses.getOrDefault(one, new TreeSet<>())) {
        if (seen.add(used)) {
          left.push(used);
        }
      }
    }
    return true;
  }

  private static String roomOf(String type) {
    if (isPlain(type)) {
      return PLAIN;
    }
    String folder = type.substring(0, type.lastIndexOf('/'));
    return folder.substring(folder.lastIndexOf('/') + 1);
  }

  private static SortedSet<String> arrows() {
    SortedSet<String> arrows = new TreeSet<>();
    uses.forEach((type, used) -> used.forEach(other -> {
      if (!roomOf(type).equals(roomOf(other))) {
        arrows.add(roomOf(type) + " --> " + roomOf(other));
      }
    }));
    return arrows;
  }

  @Test
  void theArrowsBetweenThePackagesAreThoseOfThePicture() throws IOException {
    SortedSet<String> drawn = new TreeSet<>();
    for (String line : Files.readAllLines(PICTURE)) {
      Matcher arrow = ARROW.matcher(line);
      if (arrow.matches()) {
        drawn.add(arrow.group(1) + " --> " + arrow.group(2));
      }
    }
    List<String> found = arrows().stream()
        .filter(arrow -> !BOTTOM.contains(arrow.replaceFirst(".* ", "")))
        .toList();
    assertEquals(String.join("\n", drawn), String.join("\n", found));
  }

  @Test
  void noPackageNeedsItselfThroughOthers() {
    SortedMap<String, SortedSet<String>> rooms = new TreeMap<>();
    for (String arrow : arrows()) {
      String[] ends = arrow.split(" --> ", -1);
      rooms.computeIfAbsent(ends[0], any -> new TreeSet<>()).add(ends[1]);
    }
    // Those that need no other are taken away until none is left.
    while (!rooms.isEmpty()) {
      SortedSet<String> needed = new TreeSet<>(rooms.keySet());
      List<String> free = new ArrayList<>();
      rooms.forEach((room, others) -> {
        if (others.stream().noneMatch(needed::contains)) {
          free.add(room);
        }
      });
      assertTrue(!free.isEmpty(), () -> "in a cycle: " + rooms);
      rooms.keySet().removeAll(free);
    }
  }

  @Test
  void theClassesAreFound() {
    assertTrue(uses.size() > 150, () -> uses.keySet().toString());
    assertTrue(isPlain("asyncio/CancelledError"));
    assertEquals("scheduler", roomOf("asyncio/internal/scheduler/Fiber"));
    assertEquals("asyncio", roomOf("asyncio/EventLoop"));
  }
}
