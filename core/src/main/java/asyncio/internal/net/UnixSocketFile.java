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
  // S_IFMT and S_IFSOCK of POSIX.
  private static final int FILE_TYPE = 0170000;
  private static final int SOCKET = 0140000;

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
    if (!isSocket(path)) {
      throw new BindException("Can't listen on "
          + path
          + ": "
          + (there.isDirectory() ? "a directory" : "a file that is not a socket")
          + " has that name. Remove it, or use another path.");
    }
    if (isAlive(address)) {
      throw new BindException("Can't listen on "
          + path
          + ": another server is listening there, in this program or another one. Stop it, or use"
          + " another path.");
    }
    BasicFileAttributes now = attributes(path);
    if (now != null && Objects.equals(there.fileKey(), now.fileKey())) {
      Files.deleteIfExists(path);
    }
  }

  /** Whether it is a socket, and no other special file such as a FIFO or a device. */
  private static boolean isSocket(Path path) {
    try {
      Object mode = Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS);
      return mode instanceof Integer bits && (bits & FILE_TYPE) == SOCKET;
    } catch (IOException | UnsupportedOperationException | IllegalArgumentException unknown) {
      return false; // then nothing is removed
    }
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
    delete(path);
  }

  static void delete(Path path) {
    try {
      Files.deleteIfExists(path);
    } catch (IOException left) {
      // The next server removes it.
    }
  }

  static IOException cantConnect(UnixDomainSocketAddress address, SocketException failure) {
    return explained(
        new ConnectException("Can't connect to " + explanation(address.getPath(), failure)),
        failure);
  }

  static IOException cantListen(UnixDomainSocketAddress address, SocketException failure) {
    String message = "Can't listen on " + explanation(address.getPath(), failure);
    return explained(
        failure instanceof BindException
            ? new BindException(message)
            : new SocketException(message),
        failure);
  }

  private static IOException explained(IOException explained, SocketException failure) {
    explained.initCause(failure);
    return explained;
  }

  private static String explanation(Path path, SocketException failure) {
    String reason = String.valueOf(failure.getMessage());
    return path + ": " + reason + hint(path, reason);
  }

  private static String hint(Path path, String reason) {
    if (reason.contains("too long")) {
      return ". It has "
          + path.toString().getBytes(UTF_8).length
          + " bytes, and most systems take 107 at most: use a shorter one, for instance by a"
          + " relative path.";
    }
    if (reason.contains("temporarily unavailable")) {
      return ". The server's queue of clients is full: try again later, or give it a larger backlog"
          + " (withBacklog).";
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
