package asyncio.file;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.run;
import static asyncio.Asyncio.toThread;
import static asyncio.Asyncio.yieldNow;
import static asyncio.support.Texts.assertContains;
import static java.nio.file.StandardOpenOption.APPEND;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.AsyncFiles;
import asyncio.CancelledError;
import asyncio.FileChange;
import asyncio.FileChange.Kind;
import asyncio.FileWatch;
import asyncio.LeakCheck;
import asyncio.LeakException;
import asyncio.RunOptions;
import asyncio.Runner;
import asyncio.Task;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.HashSet;
import java.util.NoSuchElementException;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What happens to files, as the system tells it. */
class FileWatchTest {
  @TempDir
  Path folder;

  private Path path(String name) {
    return folder.resolve(name);
  }

  /** Passes over changes until this one comes. */
  private static void await(FileWatch watch, Kind kind, Path path) {
    var wanted = new FileChange(kind, path);
    while (true) {
      FileChange change = watch.next();
      assertTrue(change != null, () -> "it ended before " + wanted);
      if (change.equals(wanted)) {
        return;
      }
    }
  }

  @Test
  void whatHappensInAFolderIsTold() throws Exception {
    Files.createDirectory(path("inner"));
    run(() -> {
      try (var watch = AsyncFiles.watch(folder)) {
        Files.writeString(path("file"), "1");
        assertEquals(new FileChange(Kind.CREATED, path("file")), watch.next());
        await(watch, Kind.MODIFIED, path("file"));
        Files.writeString(path("inner").resolve("deep"), "1"); // is not told
        Files.delete(path("file"));
        await(watch, Kind.DELETED, path("file"));
        Files.move(path("inner"), path("moved"));
        await(watch, Kind.CREATED, path("moved"));
      }
    });
  }

  @Test
  void whatHappensToAFileIsToldAndNothingElse() throws Exception {
    Path file = path("file");
    run(() -> {
      try (var watch = AsyncFiles.watch(file)) { // it need not be there
        Files.writeString(path("other"), "1");
        Files.writeString(file, "1");
        assertEquals(new FileChange(Kind.CREATED, file), watch.next());
        Files.writeString(file, "2", APPEND);
        await(watch, Kind.MODIFIED, file);
        Files.move(path("other"), file, StandardCopyOption.REPLACE_EXISTING);
        await(watch, Kind.CREATED, file);
        Files.delete(file);
        await(watch, Kind.DELETED, file);
      }
    });
  }

  @Test
  void aTreeIsWatchedAlsoWhereItGrows() throws Exception {
    Files.createDirectories(path("a/b"));
    run(() -> {
      try (var watch = AsyncFiles.watchTree(folder)) {
        Files.writeString(path("a/b/file"), "1");
        await(watch, Kind.CREATED, path("a/b/file"));
        Files.createDirectories(path("new/deep"));
        Files.writeString(path("new/deep/file"), "1"); // perhaps before the new folder is watched
        Set<Path> awaited =
            new HashSet<>(Set.of(path("new"), path("new/deep"), path("new/deep/file")));
        while (!awaited.isEmpty()) {
          FileChange change = watch.next();
          if (change.kind() == Kind.CREATED) {
            awaited.remove(change.path());
          }
        }
        Files.writeString(path("new/deep/later"), "1");
        await(watch, Kind.CREATED, path("new/deep/later"));
        Files.delete(path("a/b/file"));
        Files.delete(path("a/b"));
        await(watch, Kind.DELETED, path("a/b"));
        Files.writeString(path("still"), "1");
        await(watch, Kind.CREATED, path("still"));
      }
    });
  }

  @Test
  void aLoopOverChangesEndsWhenTheWatchIsClosed() throws Exception {
    run(() -> {
      var watch = AsyncFiles.watch(folder);
      Task<Integer> counting = createTask(() -> {
        int count = 0;
        for (var _ : watch) {
          count++;
        }
        return count;
      });
      yieldNow();
      assertFalse(counting.isDone());
      watch.close();
      watch.close();
      assertEquals(0, counting.await());
      assertNull(watch.next());
      var ended = watch.iterator();
      assertFalse(ended.hasNext());
      assertThrows(NoSuchElementException.class, ended::next);
      assertContains(watch.toString(), "closed");
    });
  }

  @Test
  void aDirectoryThatIsRenamedInATreeIsKnownByItsNewName() throws Exception {
    Files.createDirectories(path("old/deep"));
    run(() -> {
      try (var watch = AsyncFiles.watchTree(folder)) {
        Files.move(path("old"), path("new"));
        await(watch, Kind.CREATED, path("new/deep"));
        Files.createDirectory(path("new/deep/deeper"));
        await(watch, Kind.CREATED, path("new/deep/deeper"));
        Files.createFile(path("new/deep/deeper/file"));
        await(watch, Kind.CREATED, path("new/deep/deeper/file"));
      }
    });
  }

  @Test
  void oneDirectoryMayBeWatchedByTwoPaths() throws Exception {
    Path link = Files.createSymbolicLink(path("link"), Files.createDirectory(path("real")));
    run(() -> {
      try (var one = AsyncFiles.watch(path("real"));
          var other = AsyncFiles.watch(link)) {
        Files.createFile(link.resolve("file"));
        assertEquals(new FileChange(Kind.CREATED, path("real/file")), one.next());
        assertEquals(new FileChange(Kind.CREATED, path("link/file")), other.next());
      }
    });
  }

  @Test
  void aFolderThatGoesEndsItsWatch() throws Exception {
    Path gone = Files.createDirectory(path("gone"));
    run(() -> {
      try (var watch = AsyncFiles.watch(gone);
          var tree = AsyncFiles.watchTree(gone)) {
        Files.delete(gone);
        for (FileWatch each : Set.of(watch, tree)) {
          assertEquals(new FileChange(Kind.DELETED, gone), each.next());
          assertNull(each.next());
        }
      }
    });
  }

  @Test
  void severalWatchesOfOneFolderAreToldEach() throws Exception {
    run(() -> {
      try (var one = AsyncFiles.watch(folder)) {
        try (var other = AsyncFiles.watch(folder)) {
          Files.createFile(path("first"));
          await(one, Kind.CREATED, path("first"));
          await(other, Kind.CREATED, path("first"));
        }
        Files.createFile(path("second"));
        await(one, Kind.CREATED, path("second"));
      }
      try (var again = AsyncFiles.watch(folder)) {
        Files.createFile(path("third"));
        await(again, Kind.CREATED, path("third"));
      }
    });
  }

  @Test
  void whatComesWhileNobodyWaitsIsKeptUpToALimit() throws Exception {
    run(() -> {
      try (var watch = AsyncFiles.watch(folder)) {
        toThread(() -> {
          for (int i = 0; i < 2500; i++) {
            Files.createFile(path("file" + i));
          }
        });
        FileChange change = watch.next();
        while (change.kind() != Kind.OVERFLOW) {
          assertEquals(Kind.CREATED, change.kind());
          change = watch.next();
        }
        assertEquals(folder, change.path());
        for (int i = 0; !change.path().getFileName().toString().startsWith("later"); i++) {
          Files.createFile(path("later" + i));
          change = watch.next(); // it goes on
        }
      }
    });
  }

  @Test
  void aWaitThatIsCancelledLosesNothing() throws Exception {
    run(() -> {
      try (var watch = AsyncFiles.watch(folder)) {
        Task<?> waiting = createTask(watch::next);
        yieldNow();
        waiting.cancel();
        assertThrows(CancelledError.class, waiting::await);
        Files.createFile(path("file"));
        assertEquals(new FileChange(Kind.CREATED, path("file")), watch.next());
      }
    });
  }

  @Test
  void whatCanNotBeWatchedIsToldAtOnce() throws Exception {
    Files.createFile(path("file"));
    run(() -> {
      assertContains(
          assertThrows(
                  NoSuchFileException.class, () -> AsyncFiles.watch(path("none").resolve("x")))
              .getMessage(),
          "Neither the file nor its directory");
      assertThrows(NoSuchFileException.class, () -> AsyncFiles.watchTree(path("none")));
      assertContains(
          assertThrows(FileSystemException.class, () -> AsyncFiles.watchTree(path("file")))
              .getMessage(),
          "This is a file");
    });
  }

  @Test
  void aWatchLeftOpenIsReported() throws Exception {
    var leaked = assertThrows(LeakException.class, () -> {
      try (var runner = new Runner(RunOptions.defaults().withLeakCheck(LeakCheck.FAIL))) {
        runner.run(() -> {
          AsyncFiles.watch(folder);
        });
      }
    });
    assertContains(leaked.getMessage(), "watch of " + folder);
  }
}
