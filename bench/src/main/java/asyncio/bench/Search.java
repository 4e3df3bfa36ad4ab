package asyncio.bench;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Where programs are looked for.
 *
 * @param folders those of PATH
 * @param pyenv where this version manager keeps Pythons that are not on PATH, if anybody uses it
 */
record Search(List<Path> folders, Path pyenv) {
  static Search ofEnvironment() {
    String path = System.getenv().getOrDefault("PATH", "");
    String home = System.getProperty("user.home") + "/.pyenv";
    return new Search(
        Stream.of(path.split(File.pathSeparator)).map(Path::of).toList(),
        Path.of(System.getenv().getOrDefault("PYENV_ROOT", home), "versions"));
  }

  /** A program's path. Fails without it. */
  String program(String name) throws IOException {
    for (Path folder : folders) {
      if (Files.isExecutable(folder.resolve(name))) {
        return folder.resolve(name).toString();
      }
    }
    throw new IOException(name + " is missing");
  }

  /** All that look like a CPython 3 of some version. */
  List<Path> pythons() {
    List<Path> found = new ArrayList<>();
    for (Path folder : folders) {
      entries(folder)
          .filter(entry -> entry.getFileName().toString().matches("python3\\.[0-9]+"))
          .forEach(found::add);
    }
    entries(pyenv)
        .filter(entry -> entry.getFileName().toString().matches("3\\.[0-9]+(\\.[0-9]+)?"))
        .map(version -> version.resolve("bin/python3"))
        .forEach(found::add);
    return found.stream().filter(Files::isExecutable).toList();
  }

  private static Stream<Path> entries(Path folder) {
    try (Stream<Path> entries = Files.list(folder)) {
      return entries.sorted().toList().stream();
    } catch (IOException e) {
      return Stream.empty();
    }
  }
}
