package asyncio.internal.net;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.net.BindException;
import java.net.ConnectException;
import java.net.SocketException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The file of a Unix socket that is listened on. A socket's file outlives its server: one that was
 * left by a dead server is removed before this one listens, and this one's when it closes, unless
 * it has been replaced meanwhile.
 *
 * <p>All this takes a few system calls on a local file, once for each server, so it is done where
 * it is called.
 */
final class UnixSocketFile {
  private final Path path;
  private final @Nullable Object key;

  private UnixSocketFile(Path path, @Nullable Object key) {
    this.path = path;
    this.key = key;
  }

  /**
   * Makes room for a new socket.
   *
   * @throws BindException if something that lives, or is no socket, is in the way
   */
  static void prepare(UnixDomainSocketAddress address) throws IOException {
    Path path = address.getPath();
    BasicFileAttributes there = attributes(path);
    if (there == null) {
      return;
    }
    if (!there.isOther()) {
      throw new BindException("Can't listen on "
          + path
          + ": "
          + (there.isDirectory() ? "a folder" : "a file")
          + " that is no socket has that name. Remove it, or use another path.");
    }
    if (isAlive(address)) {
      throw new BindException("Can't listen on "
          + path
          + ": another server is listening there, in this program or another one. Stop it, or use"
          + " another path.");
    }
    Files.deleteIfExists(path);
  }

  private static @Nullable BasicFileAttributes attributes(Path path) {
    try {
      return Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
    } catch (IOException nothingThere) {
      return null; // or nothing that can be looked at: then listening fails, and says why
    }
  }

  /** Whether somebody listens. A Unix socket answers at once. */
  private static boolean isAlive(UnixDomainSocketAddress address) throws IOException {
    try (var probe = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      probe.configureBlocking(false);
      probe.connect(address);
      return true;
    } catch (ConnectException refused) {
      return false;
    } catch (SocketException busy) {
      return true; // its queue is full, or we may not connect
    }
  }

  /** Remembers the socket that has just been made, and sets who may connect. */
  static UnixSocketFile made(
      UnixDomainSocketAddress address, @Nullable Set<PosixFilePermission> permissions)
      throws IOException {
    Path path = address.getPath().toAbsolutePath();
    if (permissions != null) {
      Files.setPosixFilePermissions(path, permissions);
    }
    BasicFileAttributes own = attributes(path);
    return new UnixSocketFile(path, own == null ? null : own.fileKey());
  }

  /** Removes the file if it is still the same one. */
  void remove() {
    BasicFileAttributes now = attributes(path);
    if (key == null || now == null || !Objects.equals(key, now.fileKey())) {
      return;
    }
    try {
      Files.deleteIfExists(path);
    } catch (IOException left) {
      // The next server removes it.
    }
  }

  /** Returns the failure with the path, and what to do. */
  static IOException explained(
      String what, UnixDomainSocketAddress address, SocketException failure) {
    String reason = String.valueOf(failure.getMessage());
    String message = what + address.getPath() + ": " + reason + hint(address.getPath(), reason);
    SocketException explained = switch (failure) {
      case ConnectException _ -> new ConnectException(message);
      case BindException _ -> new BindException(message);
      default -> new SocketException(message);
    };
    explained.initCause(failure);
    return explained;
  }

  private static String hint(Path path, String reason) {
    if (reason.contains("too long")) {
      return ". It has "
          + path.toString().getBytes(UTF_8).length
          + " bytes, and most systems take 107 at most: use a shorter one, for instance by a"
          + " relative path.";
    }
    if (reason.contains("refused")) {
      return ". The file was left by a server that has ended: start it again.";
    }
    if (reason.contains("No such file")) {
      return ". No server is listening there: check the path, and that the server is running.";
    }
    if (reason.contains("Permission denied")) {
      return ". This user may not use that path: check the permissions of the file and its folder.";
    }
    return "";
  }
}
