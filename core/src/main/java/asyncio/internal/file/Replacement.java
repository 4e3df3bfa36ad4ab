package asyncio.internal.file;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermission;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Replaces a file whole or not at all: writes a new one beside it, brings it to the disk, gives it
 * the name of the old one, and brings that to the disk as well. Blocks.
 */
public final class Replacement {
  private Replacement() {}

  public static void replace(Path path, byte[] content) throws IOException {
    Path target = behindLinks(path);
    if (Files.isDirectory(target)) {
      throw new FileSystemException(path.toString(), null, "This is a folder, not a file");
    }
    Path name = target.getFileName();
    if (name == null) {
      throw new FileSystemException(path.toString(), null, "This is no name of a file");
    }
    Path beside = target.resolveSibling("." + name + "." + UUID.randomUUID() + ".tmp");
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
    syncFolder(target);
  }

  /** Returns what is replaced: a link stays, and what it leads to changes. */
  private static Path behindLinks(Path path) throws IOException {
    try {
      return Files.isSymbolicLink(path) ? path.toRealPath() : path;
    } catch (NoSuchFileException leadsNowhere) {
      Path to = Files.readSymbolicLink(path);
      return path.resolveSibling(to);
    }
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
    try (FileChannel channel =
        FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      if (allowed != null) {
        Files.setPosixFilePermissions(path, allowed); // before anybody can read what was secret
      }
      ByteBuffer bytes = ByteBuffer.wrap(content);
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
      channel.force(true);
    }
  }

  /** Brings the new name to the disk. */
  private static void syncFolder(Path target) {
    Path folder = target.toAbsolutePath().getParent();
    if (folder == null) {
      return;
    }
    try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
      channel.force(true);
    } catch (IOException | UnsupportedOperationException notHere) {
      // Some systems can't open a folder: there the name gets to the disk when it does.
    }
  }
}
