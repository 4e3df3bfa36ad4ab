package asyncio.internal.file;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Replaces a file whole or not at all: writes a new one beside it, brings it to the disk, gives it
 * the name of the old one, and brings that to the disk as well. Blocks.
 */
public final class Replacement {
  /** As many as Linux follows. */
  private static final int MOST_LINKS = 40;

  /** Until it has those of the old file: that may have been secret. */
  private static final Set<PosixFilePermission> OWNER =
      Set.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE);

  private Replacement() {}

  public static void replace(Path path, byte[] content) throws IOException {
    Path target = behindLinks(path);
    if (Files.isDirectory(target)) {
      throw new FileSystemException(path.toString(), null, "This is a directory, not a file");
    }
    if (target.getFileName() == null) {
      throw new FileSystemException(path.toString(), null, "This path has no file name");
    }
    Path beside = target.resolveSibling("." + UUID.randomUUID() + ".tmp");
    try {
      write(beside, content, permissions(target));
      Files.move(beside, target, StandardCopyOption.ATOMIC_MOVE);
    } catch (Throwable failed) {
      try {
        Files.deleteIfExists(beside);
      } catch (IOException e) {
        failed.addSuppressed(e);
      }
      throw failed;
    }
    syncDirectory(target);
  }

  /** Returns what is replaced: a link stays, and what it leads to changes. */
  private static Path behindLinks(Path path) throws IOException {
    Path target = path;
    for (int links = 0; Files.isSymbolicLink(target); links++) {
      if (links == MOST_LINKS) {
        throw new FileSystemLoopException(path.toString());
      }
      target = target.resolveSibling(Files.readSymbolicLink(target));
    }
    return target;
  }

  private static @Nullable Set<PosixFilePermission> permissions(Path target) throws IOException {
    var view = Files.getFileAttributeView(target, PosixFileAttributeView.class);
    if (view == null || !Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
      return null;
    }
    return view.readAttributes().permissions();
  }

  private static void write(Path path, byte[] content, @Nullable Set<PosixFilePermission> allowed)
      throws IOException {
    FileAttribute<?>[] own = allowed == null
        ? new FileAttribute<?>[0]
        : new FileAttribute<?>[] {PosixFilePermissions.asFileAttribute(OWNER)};
    Set<StandardOpenOption> options =
        Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    try (FileChannel channel = FileChannel.open(path, options, own)) {
      if (allowed != null) {
        Files.setPosixFilePermissions(path, allowed);
      }
      FileJobs.writeNow(channel, ByteBuffer.wrap(content), 0);
      channel.force(true);
    }
  }

  /** Brings the new name to the disk. */
  private static void syncDirectory(Path target) {
    Path directory = target.toAbsolutePath().getParent();
    if (directory == null) {
      return;
    }
    try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
      channel.force(true);
    } catch (IOException | UnsupportedOperationException notHere) {
      // Some systems can't open a directory: there the name gets to the disk when it does.
    }
  }
}
