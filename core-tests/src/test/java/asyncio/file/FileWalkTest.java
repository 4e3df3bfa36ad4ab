package asyncio.file;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.run;
import static asyncio.Asyncio.yieldNow;
import static asyncio.support.Texts.assertContains;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.AsyncFiles;
import asyncio.CancelledError;
import asyncio.LeakCheck;
import asyncio.LeakException;
import asyncio.RunOptions;
import asyncio.Runner;
import asyncio.Task;
import asyncio.WalkOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Walks through folders. */
class FileWalkTest {
  @TempDir
  Path root;

  @BeforeEach
  void makeTree() throws IOException {
    Files.createDirectories(root.resolve("a/b"));
    Files.createDirectories(root.resolve("empty"));
    for (String file : List.of("top", "a/one", "a/two", "a/b/deep")) {
      Files.writeString(root.resolve(file), file);
    }
  }

  private Set<String> walk(WalkOptions options) throws IOException {
    var names = new TreeSet<String>();
    try (var tree = AsyncFiles.walk(root, options)) {
      for (Path path : tree) {
        assertTrue(names.add(root.relativize(path).toString()));
      }
    }
    return names;
  }

  private void assertWalk(Set<String> names, WalkOptions options) throws Exception {
    run(() -> assertEquals(new TreeSet<>(names), walk(options)));
  }

  @Test
  void filesAreGivenWhereverTheyAre() throws Exception {
    assertWalk(Set.of("top", "a/one", "a/two", "a/b/deep"), WalkOptions.defaults());
    run(() -> {
      try (var tree = AsyncFiles.walk(root)) {
        for (Path path : tree) {
          assertEquals(root.relativize(path).toString(), AsyncFiles.readString(path));
        }
      }
    });
  }

  @Test
  void everythingIsGivenIfWanted() throws Exception {
    Files.createSymbolicLink(root.resolve("link"), Path.of("a"));
    Files.createSymbolicLink(root.resolve("lost"), Path.of("nowhere"));
    assertWalk(
        Set.of("", "top", "a", "a/one", "a/two", "a/b", "a/b/deep", "empty", "link", "lost"),
        WalkOptions.defaults().withAllEntries(true));
    run(() -> {
      List<Path> order = new ArrayList<>();
      try (var tree = AsyncFiles.walk(root, WalkOptions.defaults().withAllEntries(true))) {
        tree.forEach(order::add);
      }
      for (Path path : order) { // folders come before what is in them
        assertTrue(path.equals(root) || order.indexOf(path.getParent()) < order.indexOf(path));
      }
    });
  }

  @Test
  void theDepthCanBeLimited() throws Exception {
    assertWalk(Set.of("top"), WalkOptions.defaults().withMaxDepth(1));
    assertWalk(Set.of("top", "a/one", "a/two"), WalkOptions.defaults().withMaxDepth(2));
    assertThrows(IllegalArgumentException.class, () -> WalkOptions.defaults().withMaxDepth(0));
  }

  @Test
  void whatIsSkippedIsNotEntered() throws Exception {
    assertWalk(
        Set.of("top", "a/two"),
        WalkOptions.defaults().withSkipped(path -> path.endsWith("b") || path.endsWith("one")));
  }

  @Test
  void linksToFilesAreGivenAndLinksToFoldersFollowedIfWanted() throws Exception {
    Path other = Files.createDirectory(root.resolve("empty/other"));
    Files.createSymbolicLink(other.resolve("link"), root.resolve("a/b"));
    Files.createSymbolicLink(other.resolve("file"), root.resolve("top"));
    Set<String> plain = Set.of("top", "a/one", "a/two", "a/b/deep", "empty/other/file");
    assertWalk(plain, WalkOptions.defaults());
    var followed = new TreeSet<>(plain);
    followed.add("empty/other/link/deep");
    assertWalk(followed, WalkOptions.defaults().withFollowLinks(true));
  }

  @Test
  void aCycleOfLinksIsAnErrorThatNamesIt() throws Exception {
    Path circle = Files.createSymbolicLink(root.resolve("a/b/circle"), root.resolve("a"));
    WalkOptions following = WalkOptions.defaults().withFollowLinks(true);
    run(() -> {
      var failure =
          assertThrows(UncheckedIOException.class, () -> walk(following)).getCause();
      assertInstanceOf(FileSystemLoopException.class, failure);
      assertContains(
          failure.getMessage(), circle.toString(), root.resolve("a").toString(), "leads back");
      List<IOException> told = new ArrayList<>();
      assertEquals(
          new TreeSet<>(Set.of("top", "a/one", "a/two", "a/b/deep")),
          walk(following.withErrorHandler(told::add)));
      assertEquals(1, told.size());
    });
  }

  @Test
  void afterAnErrorTheIteratorGoesOn() throws Exception {
    Files.createSymbolicLink(root.resolve("a/b/circle"), root.resolve("a"));
    run(() -> {
      var names = new TreeSet<String>();
      int errors = 0;
      try (var tree = AsyncFiles.walk(root, WalkOptions.defaults().withFollowLinks(true))) {
        var paths = tree.iterator();
        while (true) {
          try {
            if (!paths.hasNext()) {
              break;
            }
            names.add(paths.next().getFileName().toString());
          } catch (UncheckedIOException failure) {
            errors++;
          }
        }
        assertThrows(NoSuchElementException.class, paths::next);
      }
      assertEquals(1, errors);
      assertEquals(new TreeSet<>(Set.of("top", "one", "two", "deep")), names);
    });
  }

  @Test
  void manyFilesInAFolderAreGivenOnce() throws Exception {
    Path many = Files.createDirectory(root.resolve("many"));
    for (int i = 0; i < 1000; i++) {
      Files.createFile(many.resolve("file" + i));
    }
    run(() -> assertEquals(1004, walk(WalkOptions.defaults()).size()));
  }

  @Test
  void aFileAloneIsAllThereIs() throws Exception {
    run(() -> {
      try (var tree = AsyncFiles.walk(root.resolve("top"))) {
        List<Path> paths = new ArrayList<>();
        tree.forEach(paths::add);
        assertEquals(List.of(root.resolve("top")), paths);
      }
      assertThrows(NoSuchFileException.class, () -> AsyncFiles.walk(root.resolve("none")));
    });
  }

  @Test
  void aWalkIsForOneLoop() throws Exception {
    run(() -> {
      var tree = AsyncFiles.walk(root);
      var paths = tree.iterator();
      paths.next();
      assertContains(
          assertThrows(IllegalStateException.class, tree::iterator).getMessage(), "only once");
      tree.close();
      tree.close();
      assertContains(
          assertThrows(IllegalStateException.class, paths::hasNext).getMessage(), "is closed");
      assertContains(tree.toString(), "closed");
      var closed = AsyncFiles.walk(root);
      closed.close();
      assertThrows(IllegalStateException.class, closed::iterator);
    });
  }

  @Test
  void aWalkThatIsCancelledCanOnlyBeClosed() throws Exception {
    run(() -> {
      try (var tree = AsyncFiles.walk(root)) {
        var paths = tree.iterator();
        try (var _ = FilePool.busy()) {
          Task<?> walking = createTask(() -> paths.forEachRemaining(_ -> {}));
          yieldNow();
          yieldNow();
          assertFalse(walking.isDone());
          walking.cancel();
          assertThrows(CancelledError.class, walking::await);
        }
        assertContains(
            assertThrows(IllegalStateException.class, paths::hasNext).getMessage(), "cancelled");
      }
    });
  }

  @Test
  void aWalkLeftOpenIsReported() throws Exception {
    var leaked = assertThrows(LeakException.class, () -> {
      try (var runner = new Runner(RunOptions.defaults().withLeakCheck(LeakCheck.FAIL))) {
        runner.run(() -> {
          AsyncFiles.walk(root);
        });
      }
    });
    assertContains(leaked.getMessage(), "walk through " + root);
  }
}
