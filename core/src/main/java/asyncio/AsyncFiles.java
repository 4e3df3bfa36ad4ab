package asyncio;

import static java.nio.charset.StandardCharsets.UTF_8;

import asyncio.internal.file.FileJobs;
import asyncio.internal.file.Replacement;
import asyncio.internal.file.Trees;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.file.CopyOption;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Stream;

/**
 * Files and directories for coroutines, with the method names of {@link java.nio.file.Files}. The
 * calls run on helper threads, sixteen shared by all loops, so no loop is held up. Paths of any
 * file system work.
 *
 * <p>All methods wait, and throw what {@link java.nio.file.Files} throws, such as {@link
 * java.nio.file.NoSuchFileException}. If a call is cancelled before a thread has started it, it
 * never runs; one that has started runs to its end, with nobody waiting for it.
 */
public final class AsyncFiles {
  private AsyncFiles() {}

  // ---- open files ----

  /**
   * Opens a file, by default for reading.
   *
   * <p><i>Waits</i> until it is open. A named pipe opens when its other end does.
   *
   * <p><i>If cancelled</i>: {@link CancelledError}; nothing stays open, but the file may have been
   * created.
   *
   * <p><i>Thread</i>: a coroutine.
   *
   * @param options such as {@link StandardOpenOption#READ} and {@link StandardOpenOption#WRITE}
   * @throws java.nio.file.FileSystemException if the path leads to a directory
   * @throws IOException if it can't be opened
   */
  public static AsyncFile open(Path path, OpenOption... options) throws IOException {
    return AsyncFile.open("AsyncFiles.open()", path, Set.copyOf(List.of(options)), false);
  }

  /**
   * Opens a file for writing, creating it if it does not exist and emptying it if it does.
   *
   * <p><i>Waits</i>, <i>If cancelled</i>, <i>Thread</i>: as {@link #open}.
   *
   * @throws IOException if it can't be opened
   */
  public static AsyncFile create(Path path) throws IOException {
    Set<OpenOption> options = Set.of(
        StandardOpenOption.WRITE, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING);
    return AsyncFile.open("AsyncFiles.create()", path, options, false);
  }

  /**
   * Opens a file for appending, creating it if it does not exist.
   *
   * <p><i>Waits</i>, <i>If cancelled</i>, <i>Thread</i>: as {@link #open}.
   *
   * @throws IOException if it can't be opened
   */
  public static AsyncFile append(Path path) throws IOException {
    Set<OpenOption> options = Set.of(StandardOpenOption.APPEND, StandardOpenOption.CREATE);
    return AsyncFile.open("AsyncFiles.append()", path, options, false);
  }

  /**
   * Creates a file with a unique name in the system's temporary directory, and opens it for reading
   * and writing. It is deleted when it is closed, or when its loop ends.
   *
   * <p><i>Waits</i> until it is open.
   *
   * <p><i>If cancelled</i>: {@link CancelledError}; it is deleted.
   *
   * <p><i>Thread</i>: a coroutine.
   *
   * @throws IOException if it can't be created
   */
  public static AsyncFile temporaryFile() throws IOException {
    String call = "AsyncFiles.temporaryFile()";
    Path path = FileJobs.call(
        call,
        "a temporary file",
        () -> Files.createTempFile("asyncio-", ".tmp"),
        Trees::deleteLater);
    try {
      return AsyncFile.open(
          call, path, Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE), true);
    } catch (Throwable failed) {
      Trees.deleteLater(path);
      throw failed;
    }
  }

  /**
   * Creates a directory with a unique name in the system's temporary directory. It is deleted, with
   * everything in it, when it is closed, or when its loop ends.
   *
   * <p><i>Waits</i> until it exists.
   *
   * <p><i>If cancelled</i>: {@link CancelledError}; it is deleted.
   *
   * <p><i>Thread</i>: a coroutine.
   *
   * @throws IOException if it can't be created
   */
  public static TemporaryDirectory temporaryDirectory() throws IOException {
    return TemporaryDirectory.create();
  }

  // ---- whole files ----

  /**
   * Returns the content of a file as text in UTF-8.
   *
   * <p><i>Waits</i> until it is read.
   *
   * <p><i>If cancelled</i>: {@link CancelledError}.
   *
   * <p><i>Thread</i>: a coroutine.
   *
   * @throws IOException if it can't be read, or is not valid UTF-8
   */
  public static String readString(Path path) throws IOException {
    return readString(path, UTF_8);
  }

  /**
   * Returns the content of a file as text.
   *
   * <p><i>Waits</i>, <i>If cancelled</i>, <i>Thread</i>: as {@link #readString(Path)}.
   *
   * @throws IOException if it can't be read, or has bytes that are not valid in this charset
   */
  public static String readString(Path path, Charset charset) throws IOException {
    return text("AsyncFiles.readString()", path, charset, () -> Files.readString(path, charset));
  }

  /**
   * Returns the lines of a file in UTF-8, without their line ends. For a large file, {@link
   * AsyncFile#lines} takes less memory.
   *
   * <p><i>Waits</i>, <i>If cancelled</i>, <i>Thread</i>: as {@link #readString(Path)}.
   *
   * @throws IOException if it can't be read, or is not valid UTF-8
   */
  public static List<String> readAllLines(Path path) throws IOException {
    return readAllLines(path, UTF_8);
  }

  /**
   * Returns the lines of a file, as {@link #readAllLines(Path)} does.
   *
   * <p><i>Waits</i>, <i>If cancelled</i>, <i>Thread</i>: as {@link #readString(Path)}.
   *
   * @throws CharacterCodingException if it has bytes that are not valid in this charset
   * @throws IOException if it can't be read
   */
  public static List<String> readAllLines(Path path, Charset charset) throws IOException {
    return text(
        "AsyncFiles.readAllLines()", path, charset, () -> Files.readAllLines(path, charset));
  }

  private static <T> T text(String call, Path path, Charset charset, Callable<T> body)
      throws IOException {
    try {
      return FileJobs.call(call, path, body);
    } catch (CharacterCodingException wrong) {
      throw new NotText(
          path + " is not valid " + charset + ". If it is in another charset, pass"
              + " that to the call; if it is not text, use readAllBytes().",
          wrong);
    }
  }

  /** Says which file it is, as the JDK's does not. */
  private static final class NotText extends CharacterCodingException {
    private static final long serialVersionUID = 1L;
    private final String message;

    NotText(String message, CharacterCodingException cause) {
      this.message = message;
      initCause(cause);
    }

    @Override
    public String getMessage() {
      return message;
    }
  }

  /**
   * Returns the content of a file.
   *
   * <p><i>Waits</i>, <i>If cancelled</i>, <i>Thread</i>: as {@link #readString(Path)}.
   *
   * @throws IOException if it can't be read
   */
  public static byte[] readAllBytes(Path path) throws IOException {
    return FileJobs.call("AsyncFiles.readAllBytes()", path, () -> Files.readAllBytes(path));
  }

  /**
   * Writes a file. By default, creates the file, or empties an existing one first. If the disk
   * fills up halfway, part of the content remains; {@link #replace} writes all or nothing.
   *
   * <p><i>Waits</i> until the operating system has the bytes.
   *
   * <p><i>If cancelled</i>: {@link CancelledError}; the write may have happened, may happen shortly
   * afterwards, or may never happen.
   *
   * <p><i>Thread</i>: a coroutine. Don't change the array until the call returns; after a cancelled
   * call, never, since a thread may still be reading it.
   *
   * @throws IOException if it can't be written
   */
  public static void write(Path path, byte[] bytes, OpenOption... options) throws IOException {
    FileJobs.run("AsyncFiles.write()", path, () -> Files.write(path, bytes, options));
  }

  /**
   * Writes a file with text in UTF-8, as {@link #write} does.
   *
   * <p><i>Waits</i>, <i>If cancelled</i>, <i>Thread</i>: as {@link #write}.
   *
   * @throws IOException if it can't be written
   */
  public static void writeString(Path path, CharSequence text, OpenOption... options)
      throws IOException {
    String kept = text.toString(); // a StringBuilder may change meanwhile
    FileJobs.run("AsyncFiles.writeString()", path, () -> Files.writeString(path, kept, options));
  }

  /**
   * Replaces the content of a file completely or not at all, even if the power fails: a reader sees
   * either the old content or the new. The file keeps its permissions, a symbolic link stays a
   * link, and a missing file is created. The new content first goes into a temporary file in the
   * same directory, named {@code .….tmp}, so that directory must be writable.
   *
   * <p><i>Waits</i> until the disk has the new content.
   *
   * <p><i>If cancelled</i>: {@link CancelledError}; the file has the old content, or gets the new
   * one shortly afterwards.
   *
   * <p><i>Thread</i>: a coroutine. Don't change the array until the call returns; after a cancelled
   * call, never, since a thread may still be reading it.
   *
   * @throws IOException if the content can't be written; the old one is kept
   */
  public static void replace(Path path, byte[] content) throws IOException {
    FileJobs.run("AsyncFiles.replace()", path, () -> Replacement.replace(path, content));
  }

  /**
   * Replaces the content of a file by text in UTF-8, as {@link #replace} does.
   *
   * <p><i>Waits</i>, <i>If cancelled</i>, <i>Thread</i>: as {@link #replace}.
   *
   * @throws IOException if the content can't be written; the old one is kept
   */
  public static void replaceString(Path path, CharSequence content) throws IOException {
    byte[] bytes = content.toString().getBytes(UTF_8);
    FileJobs.run("AsyncFiles.replaceString()", path, () -> Replacement.replace(path, bytes));
  }

  // ---- directories ----

  /**
   * Returns the entries of a directory, sorted by name.
   *
   * <p><i>Waits</i> until it is read.
   *
   * <p><i>If cancelled</i>: {@link CancelledError}.
   *
   * <p><i>Thread</i>: a coroutine.
   *
   * @throws IOException if it can't be read
   */
  public static List<Path> list(Path directory) throws IOException {
    return FileJobs.call("AsyncFiles.list()", directory, () -> {
      List<Path> entries = new ArrayList<>();
      try (Stream<Path> stream = Files.list(directory)) {
        stream.forEach(entries::add);
      } catch (UncheckedIOException failure) {
        throw failure.getCause();
      }
      Collections.sort(entries);
      return entries;
    });
  }

  /**
   * Starts a walk over the files in a directory and its subdirectories, for a {@code for} loop.
   * Close it with {@code try}.
   *
   * <p><i>Waits</i> until it is known what {@code root} is; the loop waits for the rest.
   *
   * <p><i>If cancelled</i>: {@link CancelledError}.
   *
   * <p><i>Thread</i>: a coroutine.
   *
   * @param root a directory; if it is a file, the walk returns just that file
   * @throws IOException if it does not exist
   */
  public static FileWalk walk(Path root) throws IOException {
    return walk(root, WalkOptions.defaults());
  }

  /**
   * Starts a walk as {@link #walk(Path)} does, with options.
   *
   * <p><i>Waits</i>, <i>If cancelled</i>, <i>Thread</i>: as {@link #walk(Path)}.
   *
   * @throws IOException if {@code root} does not exist
   */
  public static FileWalk walk(Path root, WalkOptions options) throws IOException {
    return FileWalk.of(root, options);
  }

  /**
   * Starts watching a file, which need not exist yet, or the entries of a directory, but not of its
   * subdirectories. Close it with {@code try}. A symbolic link is watched itself, and not its
   * target.
   *
   * <p><i>Waits</i> until the watch is active: later changes are reported.
   *
   * <p><i>If cancelled</i>: {@link CancelledError}; nothing is watched.
   *
   * <p><i>Thread</i>: a coroutine.
   *
   * @throws IOException if neither the file nor its directory exists, or the system's limit of
   *     watches is reached
   */
  public static FileWatch watch(Path path) throws IOException {
    return FileWatch.of(path);
  }

  /**
   * Starts watching a directory and all its subdirectories, including ones created later.
   * Everything in a new directory is reported as created, some of it perhaps twice. Links to
   * directories are not followed.
   *
   * <p><i>Waits</i>, <i>If cancelled</i>, <i>Thread</i>: as {@link #watch}.
   *
   * @throws IOException if it is not a directory, or the system's limit of watches is reached
   */
  public static FileWatch watchTree(Path root) throws IOException {
    return FileWatch.ofTree(root);
  }

  /**
   * Creates a directory and any missing parents. Does nothing if it already exists.
   *
   * <p><i>Waits</i> until it exists.
   *
   * <p><i>If cancelled</i>: {@link CancelledError}; it may have been created.
   *
   * <p><i>Thread</i>: a coroutine.
   *
   * @throws IOException if it can't be created, or there is a file
   */
  public static void createDirectories(Path directory) throws IOException {
    FileJobs.run(
        "AsyncFiles.createDirectories()", directory, () -> Files.createDirectories(directory));
  }

  // ---- about files ----

  /**
   * Returns whether there is a file or directory at this path.
   *
   * <p><i>Waits</i> until it is known.
   *
   * <p><i>If cancelled</i>: {@link CancelledError}.
   *
   * <p><i>Thread</i>: a coroutine.
   *
   * @param options {@link LinkOption#NOFOLLOW_LINKS} to ask about a link and not its target
   */
  public static boolean exists(Path path, LinkOption... options) {
    return test("AsyncFiles.exists()", path, () -> Files.exists(path, options));
  }

  /**
   * Returns whether there is a directory at this path.
   *
   * <p><i>Waits</i>, <i>If cancelled</i>, <i>Thread</i>: as {@link #exists}.
   *
   * @param options {@link LinkOption#NOFOLLOW_LINKS} to ask about a link and not its target
   */
  public static boolean isDirectory(Path path, LinkOption... options) {
    return test("AsyncFiles.isDirectory()", path, () -> Files.isDirectory(path, options));
  }

  /**
   * Returns whether there is a regular file at this path: no directory, pipe or device.
   *
   * <p><i>Waits</i>, <i>If cancelled</i>, <i>Thread</i>: as {@link #exists}.
   *
   * @param options {@link LinkOption#NOFOLLOW_LINKS} to ask about a link and not its target
   */
  public static boolean isRegularFile(Path path, LinkOption... options) {
    return test("AsyncFiles.isRegularFile()", path, () -> Files.isRegularFile(path, options));
  }

  private static boolean test(String call, Path path, Callable<Boolean> body) {
    try {
      return FileJobs.call(call, path, body);
    } catch (IOException impossible) {
      throw new AssertionError(impossible);
    }
  }

  /**
   * Returns the size of a file in bytes.
   *
   * <p><i>Waits</i>, <i>If cancelled</i>, <i>Thread</i>: as {@link #exists}.
   *
   * @throws IOException if it can't be read
   */
  public static long size(Path path) throws IOException {
    return FileJobs.call("AsyncFiles.size()", path, () -> Files.size(path));
  }

  /**
   * Returns the attributes of a file: its type, size and times.
   *
   * <p><i>Waits</i>, <i>If cancelled</i>, <i>Thread</i>: as {@link #exists}.
   *
   * @param options {@link LinkOption#NOFOLLOW_LINKS} to ask about a link and not its target
   * @throws IOException if it can't be read
   */
  public static BasicFileAttributes attributes(Path path, LinkOption... options)
      throws IOException {
    return FileJobs.call(
        "AsyncFiles.attributes()",
        path,
        () -> Files.readAttributes(path, BasicFileAttributes.class, options));
  }

  // ---- copying, moving, deleting ----

  /**
   * Copies a file, or a directory without its contents. A large copy keeps one of the sixteen
   * threads and can't be stopped.
   *
   * <p><i>Waits</i> until it is copied.
   *
   * <p><i>If cancelled</i>: {@link CancelledError}; a copy that has begun runs to its end.
   *
   * <p><i>Thread</i>: a coroutine.
   *
   * @param options such as {@link java.nio.file.StandardCopyOption#REPLACE_EXISTING}
   * @throws IOException if it can't be copied, or {@code target} exists and {@code
   *     REPLACE_EXISTING} was not given
   */
  public static void copy(Path source, Path target, CopyOption... options) throws IOException {
    FileJobs.run("AsyncFiles.copy()", source, () -> Files.copy(source, target, options));
  }

  /**
   * Moves or renames a file or directory.
   *
   * <p><i>Waits</i> until it is moved.
   *
   * <p><i>If cancelled</i>: {@link CancelledError}; it may have been moved, or may be shortly
   * afterwards.
   *
   * <p><i>Thread</i>: a coroutine.
   *
   * @param options such as {@link java.nio.file.StandardCopyOption#ATOMIC_MOVE}
   * @throws IOException if it can't be moved, or {@code target} exists and {@code REPLACE_EXISTING}
   *     was not given
   */
  public static void move(Path source, Path target, CopyOption... options) throws IOException {
    FileJobs.run("AsyncFiles.move()", source, () -> Files.move(source, target, options));
  }

  /**
   * Deletes a file or an empty directory; a symbolic link is deleted, not its target. Returns
   * whether there was anything to delete.
   *
   * <p><i>Waits</i> until it is deleted.
   *
   * <p><i>If cancelled</i>: {@link CancelledError}; it may have been deleted, or may be shortly
   * afterwards.
   *
   * <p><i>Thread</i>: a coroutine.
   *
   * @throws IOException if it can't be deleted
   */
  public static boolean deleteIfExists(Path path) throws IOException {
    return FileJobs.call("AsyncFiles.deleteIfExists()", path, () -> Files.deleteIfExists(path));
  }

  /**
   * Deletes a directory with everything in it, or a file; symbolic links are deleted, not their
   * targets. Returns whether there was anything to delete.
   *
   * <p><i>Waits</i> until all is deleted.
   *
   * <p><i>If cancelled</i>: {@link CancelledError}; if deleting has begun, it goes on.
   *
   * <p><i>Thread</i>: a coroutine.
   *
   * @throws IOException if something can't be deleted; deleting stops there
   */
  public static boolean deleteTree(Path path) throws IOException {
    return FileJobs.call("AsyncFiles.deleteTree()", path, () -> Trees.delete(path));
  }
}
