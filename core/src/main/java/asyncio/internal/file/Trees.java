package asyncio.internal.file;

import asyncio.internal.bridge.HelperPool;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import org.jspecify.annotations.Nullable;

/** What is done to a directory with everything in it. Blocks. */
public final class Trees {
  private Trees() {}

  /** Deletes a directory with everything in it, or a file; links are deleted and not followed. */
  public static boolean delete(Path root) throws IOException {
    if (!Files.exists(root, LinkOption.NOFOLLOW_LINKS)) {
      return false;
    }
    Files.walkFileTree(root, new SimpleFileVisitor<>() {
      @Override
      public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
          throws IOException {
        Files.deleteIfExists(file);
        return FileVisitResult.CONTINUE;
      }

      @Override
      public FileVisitResult visitFileFailed(Path file, IOException failure) throws IOException {
        if (failure instanceof NoSuchFileException) {
          return FileVisitResult.CONTINUE; // somebody else has deleted it
        }
        throw failure;
      }

      @Override
      public FileVisitResult postVisitDirectory(Path directory, @Nullable IOException failure)
          throws IOException {
        if (failure != null && !(failure instanceof NoSuchFileException)) {
          throw failure;
        }
        Files.deleteIfExists(directory);
        return FileVisitResult.CONTINUE;
      }
    });
    return true;
  }

  /** Deletes a file or directory some time soon, on a helper thread; nobody hears of a failure. */
  public static void deleteLater(Path path) {
    HelperPool.FILES.submit(() -> deleteQuietly(path));
  }

  /** Deletes a file or directory; nobody hears of a failure. */
  public static void deleteQuietly(Path path) {
    try {
      delete(path);
    } catch (IOException nobodyAsks) {
      // What is temporary is cleared by the system sooner or later.
    }
  }
}
