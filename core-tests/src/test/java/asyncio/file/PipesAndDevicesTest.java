package asyncio.file;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.run;
import static asyncio.Asyncio.yieldNow;
import static asyncio.support.Texts.assertContains;
import static java.nio.charset.StandardCharsets.UTF_8;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import asyncio.AsyncFile;
import asyncio.AsyncFiles;
import asyncio.CancelledError;
import asyncio.Task;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What has a path and is no file with places: named pipes and devices. */
class PipesAndDevicesTest {
  @TempDir
  Path folder;

  private Path pipe(String name) throws IOException, InterruptedException {
    Path path = folder.resolve(name);
    Process made = new ProcessBuilder("mkfifo", path.toString()).start();
    assumeTrue(made.waitFor() == 0, "there are named pipes");
    return path;
  }

  @Test
  void aNamedPipeOpensWhenItsOtherEndDoesAndGoesBothWays() throws Exception {
    Path path = pipe("pipe");
    run(() -> {
      Task<AsyncFile> reading = createTask(() -> AsyncFiles.open(path));
      yieldNow();
      assertFalse(reading.isDone());
      try (var out = AsyncFiles.open(path, WRITE);
          var in = reading.await()) {
        for (int i = 0; i < 100; i++) {
          out.writer().send("line " + i + "\n");
          assertEquals("line " + i, in.reader().readLine());
        }
        byte[] much = new byte[1_000_000];
        Arrays.fill(much, (byte) 'x');
        Task<?> sending = createTask(() -> {
          out.writer().send(much);
          out.writer().close();
        });
        assertEquals(much.length, in.reader().readAll().length);
        sending.await();
        assertTrue(in.reader().atEof());
      }
    });
  }

  @Test
  void pipesThatNobodyOpensKeepNoFileWaiting() throws Exception {
    List<Path> pipes = new ArrayList<>();
    for (int i = 0; i < 20; i++) { // more than there are threads for files
      pipes.add(pipe("pipe" + i));
    }
    Path file = Files.writeString(folder.resolve("file"), "content");
    run(() -> {
      List<Task<?>> opening = new ArrayList<>();
      for (Path pipe : pipes) {
        opening.add(createTask(() -> AsyncFiles.open(pipe).close()));
      }
      for (int i = 0; i < 5; i++) {
        assertEquals("content", AsyncFiles.readString(file));
      }
      assertTrue(opening.stream().noneMatch(Task::isDone));
      opening.forEach(Task::cancel);
      for (Task<?> task : opening) {
        assertThrows(CancelledError.class, task::await);
      }
      for (Path pipe : pipes) {
        // Lets a thread that opens the pipe go; with WRITE alone, this would wait for one, and a
        // task that is cancelled early has none.
        AsyncFiles.open(pipe, READ, WRITE).close();
      }
    });
  }

  @Test
  void aReadOfAPipeThatIsCancelledLosesNothing() throws Exception {
    Path path = pipe("pipe");
    run(() -> {
      Task<AsyncFile> opening = createTask(() -> AsyncFiles.open(path));
      try (var out = AsyncFiles.open(path, WRITE);
          var in = opening.await()) {
        Task<byte[]> reading = createTask(() -> in.reader().read(10));
        for (int i = 0; i < 10; i++) {
          yieldNow();
        }
        assertFalse(reading.isDone());
        reading.cancel();
        assertThrows(CancelledError.class, reading::await);
        out.writer().send("kept");
        assertEquals("kept", new String(in.reader().readExactly(4), UTF_8));
      }
    });
  }

  @Test
  void aDeviceIsReadAndWritten() throws Exception {
    Path zero = Path.of("/dev/zero");
    Path full = Path.of("/dev/full");
    assumeTrue(Files.exists(zero) && Files.exists(full), "there are such devices");
    run(() -> {
      try (var file = AsyncFiles.open(zero)) {
        assertEquals(0, file.reader().readExactly(1_000_000)[999_999]);
      }
      var file = AsyncFiles.open(full, WRITE);
      file.writer().write("x");
      var failure = assertThrows(IOException.class, () -> file.writer().flush());
      assertContains(failure.getMessage(), full.toString(), "No space left");
      assertThrows(IOException.class, file::close);
      file.close();
    });
  }
}
