package asyncio.examples;

import asyncio.support.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** The pages of README.md and docs/, and the blocks of code in them. */
final class Pages {
  private static final Pattern FENCE = Pattern.compile("```(\\S*) ?(.*)");

  private Pages() {}

  record Block(String language, String info, String text) {}

  static List<Path> all() throws IOException {
    List<Path> pages = new ArrayList<>(List.of(Program.root().resolve("README.md")));
    try (var files = Files.walk(Program.root().resolve("docs"))) {
      files.filter(file -> file.toString().endsWith(".md")).sorted().forEach(pages::add);
    }
    return pages;
  }

  static List<Block> blocks(Path page) throws IOException {
    List<Block> blocks = new ArrayList<>();
    List<String> inside = null;
    String language = "";
    String info = "";
    for (String line : Files.readAllLines(page)) {
      if (inside == null) {
        var fence = FENCE.matcher(line);
        if (fence.matches()) {
          language = fence.group(1);
          info = fence.group(2).strip();
          inside = new ArrayList<>();
        }
      } else if (line.equals("```")) {
        blocks.add(new Block(language, info, String.join("\n", inside) + "\n"));
        inside = null;
      } else {
        inside.add(line);
      }
    }
    return blocks;
  }

  /** The lines of a page outside its blocks of code, with their numbers from 1 on. */
  static List<Line> prose(Path page) throws IOException {
    List<Line> lines = new ArrayList<>();
    boolean inside = false;
    int number = 0;
    for (String line : Files.readAllLines(page)) {
      number++;
      if (line.startsWith("```")) {
        inside = !inside;
      } else if (!inside) {
        lines.add(new Line(number, line));
      }
    }
    return lines;
  }

  record Line(int number, String text) {}
}
