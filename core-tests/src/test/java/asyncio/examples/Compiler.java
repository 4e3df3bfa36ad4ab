package asyncio.examples;

import static org.junit.jupiter.api.Assertions.fail;

import asyncio.support.Program;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.tools.ToolProvider;
import org.eclipse.jdt.core.compiler.batch.BatchCompiler;

/** Compiles programs against the library alone, as users do. */
final class Compiler {
  private Compiler() {}

  /** The folder of the classes; any warning is a failure. */
  static Path javac(Path source, Path folder) {
    return javac(source, folder, Program.library().toString());
  }

  /** As {@link #javac}, with all that tests have on their class path. */
  static Path javacTest(Path source, Path folder) {
    String jvms = System.getProperty("java.class.path"); // may be a jar that names the others
    return javac(source, folder, System.getProperty("surefire.test.class.path", jvms));
  }

  private static Path javac(Path source, Path folder, String classPath) {
    var messages = new StringWriter();
    var compiler = ToolProvider.getSystemJavaCompiler();
    try (var files = compiler.getStandardFileManager(null, null, null)) {
      List<String> options = List.of(
          "-Xlint:all",
          "-Werror",
          "-proc:none",
          "-cp",
          classPath,
          "-d",
          Files.createDirectories(folder).toString());
      if (!compiler
          .getTask(messages, files, null, options, null, files.getJavaFileObjects(source))
          .call()) {
        fail("javac refuses " + source.getFileName() + "\n" + messages);
      }
      return folder;
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  /** Eclipse's compiler, from its own point of view on type inference. */
  static Path ecj(Path source, Path folder) {
    var messages = new StringWriter();
    var out = new PrintWriter(messages);
    String[] options = {
      "-25",
      "-nowarn",
      "-proc:none",
      "-cp",
      Program.library().toString(),
      "-d",
      folder.toString(),
      source.toString()
    };
    if (!BatchCompiler.compile(options, out, out, null)) {
      fail("Eclipse's compiler refuses " + source.getFileName() + "\n" + messages);
    }
    return folder;
  }
}
