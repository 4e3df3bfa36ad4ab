package asyncio.bench;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.zip.ZipEntry;

/** Programs that say hello, each as a jar. */
final class StartUp {
  private static final String PYTHON = """
      import asyncio
      async def main():
          print("hello")
      asyncio.run(main())
      """;

  private final String java;
  private final Path library;
  private final Path scratch;

  /**
   * Start-up of jars made in {@code scratch}.
   *
   * @param library a jar with the classes of asyncio and of the programs, among others
   */
  StartUp(String java, Path library, Path scratch) {
    this.java = java;
    this.library = library;
    this.scratch = scratch;
  }

  List<Competitor> competitors(Peer python) throws IOException, InterruptedException {
    List<Competitor> competitors = new ArrayList<>();
    competitors.add(program("bare hello", java, "-jar", jar(HelloBare.class, false)));
    competitors.add(
        program("virtual thread and selector", java, "-jar", jar(HelloThread.class, false)));
    String ours = jar(HelloAsyncio.class, true);
    Commands.output(List.of(java, "-Dasyncio.carrier=mounted", "-jar", ours)); // fails if it can't
    competitors.add(program("asyncio", java, "-jar", ours));
    String cache = scratch.resolve("hello.aot").toString();
    Commands.output(List.of(java, "-XX:AOTCacheOutput=" + cache, "-jar", ours));
    competitors.add(program("asyncio, AOT cache", java, "-XX:AOTCache=" + cache, "-jar", ours));
    competitors.add(program("asyncio, portable", java, "-Dasyncio.carrier=portable", "-jar", ours));
    competitors.add(
        python.isMissing()
            ? Competitor.skipped("CPython asyncio", python.version())
            : program("CPython asyncio", python.program().getFirst(), "-c", PYTHON));
    return competitors;
  }

  private static Competitor program(String name, String... command) {
    return new Competitor(name, () -> new Competitor.Figure(Commands.duration(List.of(command))));
  }

  /** A jar with one program, and the library if it needs it, mounted by its manifest. */
  private String jar(Class<?> program, boolean withLibrary) throws IOException {
    Path jar = scratch.resolve(program.getSimpleName() + ".jar");
    var manifest = new Manifest();
    Attributes attributes = manifest.getMainAttributes();
    attributes.put(Attributes.Name.MANIFEST_VERSION, "1.0");
    attributes.put(Attributes.Name.MAIN_CLASS, program.getName());
    if (withLibrary) {
      attributes.putValue("Add-Opens", "java.base/java.lang");
    }
    String main = program.getName().replace('.', '/') + ".class";
    try (var from = new JarFile(library.toFile());
        var to = new JarOutputStream(Files.newOutputStream(jar), manifest)) {
      for (JarEntry entry : Collections.list(from.entries())) {
        String name = entry.getName();
        boolean ofLibrary = name.startsWith("asyncio/") && !name.startsWith("asyncio/bench/");
        if (name.equals(main) || (withLibrary && ofLibrary && !entry.isDirectory())) {
          to.putNextEntry(new ZipEntry(name));
          try (InputStream content = from.getInputStream(entry)) {
            content.transferTo(to);
          }
          to.closeEntry();
        }
      }
    }
    return jar.toString();
  }
}
