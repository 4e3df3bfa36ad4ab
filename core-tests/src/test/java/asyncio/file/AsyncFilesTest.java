package asyncio.file;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.run;
import static asyncio.Asyncio.yieldNow;
import static asyncio.support.Texts.assertContains;
import static asyncio.support.Waiting.started;
import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static java.nio.file.LinkOption.NOFOLLOW_LINKS;
import static java.nio.file.StandardCopyOption.REPLACE_EXISTING;
import static java.nio.file.StandardOpenOption.APPEND;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.AsyncFiles;
import asyncio.CancelledError;
import asyncio.LeakCheck;
import asyncio.LeakException;
import asyncio.RunOptions;
import asyncio.Runner;
import asyncio.Task;
import com.google.common.jimfs.Configuration;
import com.google.common.jimfs.Jimfs;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystem;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whole files and folders. */
class AsyncFilesTest {
  @TempDir
  Path folder;

  private Path path(String name) {
    return folder.resolve(name);
  }

  @Test
  void wholeFilesAreReadAndWritten() throws Exception {
    run(() -> {
      Path path = path("file");
      AsyncFiles.writeString(path, new StringBuilder("é\nline"));
      assertEquals("é\nline", AsyncFiles.readString(path));
      assertEquals(List.of("é", "line"), AsyncFiles.readAllLines(path));
      assertArrayEquals("é\nline".getBytes(UTF_8), AsyncFiles.readAllBytes(path));
      AsyncFiles.write(path, new byte[] {'!'}, APPEND);
      assertEquals("é\nline!", AsyncFiles.readString(path));
      AsyncFiles.write(path, "\u00e9".getBytes(ISO_8859_1));
      assertEquals("é", AsyncFiles.readString(path, ISO_8859_1));
      assertContains(
          assertThrows(IOException.class, () -> AsyncFiles.readString(path)).getMessage(),
          path.toString(),
          "UTF-8",
          "readAllBytes()");
      assertThrows(CharacterCodingException.class, () -> AsyncFiles.readAllLines(path));
      assertEquals(List.of("é"), AsyncFiles.readAllLines(path, ISO_8859_1));
      assertThrows(NoSuchFileException.class, () -> AsyncFiles.readAllBytes(path("none")));
    });
  }

  @Test
  void filesAreLookedAt() throws Exception {
    Files.writeString(path("file"), "12345");
    Files.createSymbolicLink(path("link"), path("file"));
    Files.createSymbolicLink(path("lost"), path("nowhere"));
    run(() -> {
      assertTrue(AsyncFiles.exists(path("file")));
      assertFalse(AsyncFiles.exists(path("none")));
      assertFalse(AsyncFiles.exists(path("lost")));
      assertTrue(AsyncFiles.exists(path("lost"), NOFOLLOW_LINKS));
      assertEquals(5, AsyncFiles.size(path("file")));
      assertTrue(AsyncFiles.attributes(folder).isDirectory());
      assertTrue(AsyncFiles.isDirectory(folder));
      assertFalse(AsyncFiles.isDirectory(path("file")));
      assertTrue(AsyncFiles.isRegularFile(path("link")));
      assertFalse(AsyncFiles.isRegularFile(path("link"), NOFOLLOW_LINKS));
      assertTrue(AsyncFiles.attributes(path("link")).isRegularFile());
      assertTrue(AsyncFiles.attributes(path("link"), NOFOLLOW_LINKS).isSymbolicLink());
      assertEquals(List.of(path("file"), path("link"), path("lost")), AsyncFiles.list(folder));
      assertThrows(NoSuchFileException.class, () -> AsyncFiles.size(path("none")));
      assertThrows(NoSuchFileException.class, () -> AsyncFiles.list(path("none")));
    });
  }

  @Test
  void filesAreCopiedMovedAndDeleted() throws Exception {
    Files.writeString(path("one"), "1");
    run(() -> {
      AsyncFiles.copy(path("one"), path("two"));
      assertThrows(
          FileAlreadyExistsException.class, () -> AsyncFiles.copy(path("one"), path("two")));
      AsyncFiles.copy(path("one"), path("two"), REPLACE_EXISTING);
      AsyncFiles.move(path("one"), path("three"));
      assertEquals(List.of(path("three"), path("two")), AsyncFiles.list(folder));
      assertTrue(AsyncFiles.deleteIfExists(path("two")));
      assertFalse(AsyncFiles.deleteIfExists(path("two")));
    });
  }

  @Test
  void foldersAreCreatedAndDeletedWithWhatIsInThem() throws Exception {
    Files.writeString(path("kept"), "1");
    run(() -> {
      Path deep = path("a").resolve("b").resolve("c");
      AsyncFiles.createDirectories(deep);
      AsyncFiles.createDirectories(deep);
      Files.writeString(deep.resolve("file"), "1");
      Files.createSymbolicLink(deep.resolve("link"), folder);
      assertThrows(DirectoryNotEmptyException.class, () -> AsyncFiles.deleteIfExists(path("a")));
      assertTrue(AsyncFiles.deleteTree(path("a")));
      assertFalse(AsyncFiles.deleteTree(path("a")));
      assertEquals(List.of(path("kept")), AsyncFiles.list(folder));
      assertThrows(
          FileAlreadyExistsException.class, () -> AsyncFiles.createDirectories(path("kept")));
    });
  }

  @Test
  void aTemporaryDirectoryIsDeletedWithWhatIsInIt() throws Exception {
    run(() -> {
      Path path;
      try (var directory = AsyncFiles.temporaryDirectory()) {
        path = directory.path();
        Files.writeString(path.resolve("file"), "1");
      }
      assertFalse(Files.exists(path));
    });
    Path[] left = {null};
    var leaked = assertThrows(LeakException.class, () -> {
      try (var runner = new Runner(RunOptions.defaults().withLeakCheck(LeakCheck.FAIL))) {
        runner.run(() -> {
          left[0] = AsyncFiles.temporaryDirectory().path();
        });
      }
    });
    assertContains(leaked.getMessage(), "temporary directory " + left[0]);
    assertFalse(Files.exists(left[0])); // the end of the loop waits for that
  }

  // ---- replacing ----

  @Test
  void aFileIsReplacedAndKeepsItsPermissions() throws Exception {
    run(() -> {
      Path path = path("file");
      AsyncFiles.replaceString(path, "new"); // it need not be there
      assertEquals("new", Files.readString(path));
      Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-r-----"));
      AsyncFiles.replace(path, "newer".getBytes(UTF_8));
      assertEquals("newer", Files.readString(path));
      assertEquals("rw-r-----", PosixFilePermissions.toString(Files.getPosixFilePermissions(path)));
      Files.createSymbolicLink(path("link"), Path.of("file"));
      AsyncFiles.replaceString(path("link"), "through the link");
      assertTrue(Files.isSymbolicLink(path("link")));
      assertEquals("through the link", Files.readString(path));
      Files.createSymbolicLink(path("lost"), Path.of("made"));
      AsyncFiles.replaceString(path("lost"), "made");
      assertEquals("made", Files.readString(path("made")));
      assertEquals(
          List.of(path("file"), path("link"), path("lost"), path("made")),
          AsyncFiles.list(folder)); // nothing else is left
    });
  }

  @Test
  void aReaderSeesTheOldContentOrTheNewOne() throws Exception {
    Path path = path("file");
    Set<String> contents = Set.of("a".repeat(50_000), "b".repeat(70_000));
    Files.writeString(path, "a".repeat(50_000));
    run(() -> {
      Task<?> replacing = createTask(() -> {
        for (int i = 0; i < 30; i++) {
          for (String content : contents) {
            AsyncFiles.replaceString(path, content);
          }
        }
      });
      int reads = 0;
      while (!replacing.isDone()) {
        assertTrue(contents.contains(AsyncFiles.readString(path)));
        reads++;
      }
      replacing.await();
      assertTrue(reads > 0);
    });
  }

  @Test
  void aReplacementThatFailsLeavesTheOldContentAndNothingElse() throws Exception {
    try (FileSystem small = Jimfs.newFileSystem(
        Configuration.unix().toBuilder().setMaxSize(50_000).setBlockSize(1000).build())) {
      run(() -> {
        Path path = small.getPath("file");
        AsyncFiles.writeString(path, "old");
        assertThrows(IOException.class, () -> AsyncFiles.replace(path, new byte[60_000]));
        assertEquals("old", AsyncFiles.readString(path));
        assertEquals(
            List.of(path),
            AsyncFiles.list(small.getPath("")).stream().map(Path::getFileName).toList());
        Files.createDirectory(small.getPath("folder"));
        assertContains(
            assertThrows(
                    IOException.class, () -> AsyncFiles.replaceString(small.getPath("folder"), "x"))
                .getMessage(),
            "directory");
        assertThrows(IOException.class, () -> AsyncFiles.replaceString(small.getPath("/"), "x"));
        assertThrows(
            NoSuchFileException.class,
            () -> AsyncFiles.replaceString(small.getPath("none/x"), "x"));
      });
    }
  }

  // ---- waiting ----

  @Test
  void aCallThatIsCancelledBeforeItHasBegunIsNotMade() throws Exception {
    Files.writeString(path("file"), "1");
    run(() -> {
      try (var _ = FilePool.busy()) {
        Task<?> deleting = started(createTask(() -> AsyncFiles.deleteIfExists(path("file"))));
        deleting.cancel();
        assertThrows(CancelledError.class, deleting::await);
      }
      AsyncFiles.list(folder); // a thread is free again
      assertTrue(Files.exists(path("file")));
    });
  }

  @Test
  void theLoopGoesOnWhileThreadsAreBusy() throws Exception {
    Files.writeString(path("file"), "1");
    run(() -> {
      Task<String> reading;
      try (var _ = FilePool.busy()) {
        reading = started(createTask(() -> AsyncFiles.readString(path("file"))));
        for (int i = 0; i < 1000; i++) {
          yieldNow();
        }
        assertFalse(reading.isDone());
      }
      assertEquals("1", reading.await());
    });
  }

  @Test
  void outsideACoroutineTheCallsSaySo() {
    assertContains(
        assertThrows(IllegalStateException.class, () -> AsyncFiles.readString(path("file")))
            .getMessage(),
        "AsyncFiles.readString()");
    assertThrows(IllegalStateException.class, () -> AsyncFiles.open(path("file")));
  }
}
