package asyncio.examples;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * The table of contents of the guide, made from its pages: each begins with a title and a sentence
 * that says what is in it, and its last line names the page that is read next. To write the table
 * into docs/README.md:
 *
 * <pre>
 * java core-tests/src/test/java/asyncio/examples/Contents.java
 * </pre>
 */
final class Contents {
  private static final Pattern NEXT = Pattern.compile("Next: .*?\\]\\(([a-z-]+\\.md)\\).*");
  private static final Pattern TABLE = Pattern.compile(
      "(?<=<!-- contents -->\n\n).*?(?=\n<!-- end of contents -->)", Pattern.DOTALL);

  private Contents() {}

  public static void main(String[] arguments) throws IOException {
    Path docs = Path.of("docs");
    Path readme = docs.resolve("README.md");
    var table = TABLE.matcher(Files.readString(readme));
    Files.writeString(
        readme, table.replaceFirst(java.util.regex.Matcher.quoteReplacement(table(docs))));
  }

  /** The pages in the order of reading. */
  static List<Path> pages(Path docs) throws IOException {
    Path guide = docs.resolve("guide");
    Set<Path> pages = new LinkedHashSet<>();
    Path page = guide.resolve("getting-started.md");
    while (page != null && pages.add(page)) {
      var next = NEXT.matcher(Files.readAllLines(page).getLast());
      page = next.matches() ? guide.resolve(next.group(1)) : null;
    }
    return List.copyOf(pages);
  }

  static String table(Path docs) throws IOException {
    List<String> lines = new ArrayList<>();
    for (Path page : pages(docs)) {
      List<String> text = Files.readAllLines(page);
      String title = text.getFirst().replaceFirst("# ", "");
      String link = "guide/" + page.getFileName();
      lines.add((lines.size() + 1) + ". [" + title + "](" + link + "). " + text.get(2));
    }
    return String.join("\n", lines) + "\n";
  }

  /** What docs/README.md has. */
  static String found(Path docs) throws IOException {
    var table = TABLE.matcher(Files.readString(docs.resolve("README.md")));
    return table.find() ? table.group() : "";
  }
}
