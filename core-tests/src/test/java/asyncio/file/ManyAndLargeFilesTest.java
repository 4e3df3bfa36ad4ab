package asyncio.file;

import static asyncio.Asyncio.run;
import static asyncio.support.Texts.assertContains;
import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.SPARSE;
import static java.nio.file.StandardOpenOption.WRITE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import asyncio.AsyncFile;
import asyncio.AsyncFiles;
import asyncio.Asyncio;
import asyncio.CarrierKind;
import asyncio.Semaphore;
import asyncio.TaskGroup;
import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** More files than may be open, and files beyond what an int counts. */
class ManyAndLargeFilesTest {
  @TempDir
  Path folder;

  @Test
  void manySmallFilesAreReadAFewAtATime() throws Exception {
    for (int i = 0; i < 1000; i++) {
      Files.writeString(folder.resolve("file" + i), "content " + i);
    }
    run(() -> {
      var atOnce = new Semaphore(50);
      var group = new TaskGroup();
      int[] read = {0};
      group.run(() -> {
        for (int i = 0; i < 1000; i++) {
          int number = i;
          var permit = atOnce.acquire();
          group.createTask(() -> {
            try (permit;
                var file = AsyncFiles.open(folder.resolve("file" + number))) {
              assertEquals("content " + number, new String(file.reader().readAll()));
              read[0]++;
            }
          });
        }
      });
      assertEquals(1000, read[0]);
    });
  }

  @Test
  void aFileOfTenGigabytesIsUsedAtItsEnd() throws Exception {
    long large = 10L << 30;
    Path path = folder.resolve("large");
    run(() -> {
      try (var file = AsyncFiles.open(path, READ, WRITE, CREATE_NEW, SPARSE)) {
        file.write(ByteBuffer.wrap("end".getBytes()), large);
        assertEquals(large + 3, file.size());
        assertEquals("\0\0end", new String(file.read(large - 2, 100)));
        try (var target = AsyncFiles.create(folder.resolve("part"))) {
          assertEquals(1003, file.transferTo(large - 1000, Long.MAX_VALUE, target.writer()));
        }
        file.truncate(large - 1);
        assertEquals(large - 1, file.size());
      }
    });
  }

  /** Opens more files than its process may. */
  static final class Greedy {
    public static void main(String[] arguments) throws Exception {
      Path path = Path.of(arguments[0]);
      Asyncio.run(() -> {
        AsyncFiles.readString(path); // loads the classes, which takes descriptors as well
        AsyncFiles.open(path).close();
        List<AsyncFile> open = new ArrayList<>();
        String told = "none";
        try {
          for (int i = 0; i < 1000; i++) {
            open.add(AsyncFiles.open(path));
          }
        } catch (IOException full) {
          told = full.getClass().getSimpleName() + " " + full.getMessage();
        }
        for (AsyncFile file : open) {
          file.close();
        }
        IO.println(told);
        IO.println(AsyncFiles.readString(path));
      });
    }
  }

  @Test
  void tooManyOpenFilesAreAnErrorThatTellsWhatToDo() throws Exception {
    assumeTrue(Files.exists(Path.of("/bin/sh")), "a shell sets the limit");
    Path path = Files.writeString(folder.resolve("file"), "content");
    List<String> command =
        new ArrayList<>(List.of("/bin/sh", "-c", "ulimit -n 100; exec \"$@\"", "sh"));
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    if (Asyncio.carrier() == CarrierKind.MOUNTED) {
      command.addAll(List.of("--add-opens", "java.base/java.lang=ALL-UNNAMED"));
    }
    command.addAll(List.of(
        "-cp",
        whereFrom(Greedy.class) + File.pathSeparator + whereFrom(Asyncio.class),
        Greedy.class.getName(),
        path.toString()));
    Process child = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(child.getInputStream().readAllBytes());
    assertEquals(0, child.waitFor(), output);
    assertContains(
        output, "FileSystemException", "Too many open files", "Semaphore", "ulimit -n", "content");
    assertTrue(output.endsWith("content\n"), output);
  }

  private static String whereFrom(Class<?> type) throws Exception {
    return Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI())
        .toString();
  }
}
