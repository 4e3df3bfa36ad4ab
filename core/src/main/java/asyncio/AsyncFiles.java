package asyncio;

import static java.nio.charset.StandardCharsets.UTF_8;

import asyncio.internal.bridge.HelperPool;
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
 * Files and folders, with the method names of {@link java.nio.file.Files}, for coroutines: helper
 * threads do what blocks, sixteen of them for all loops, and the loop goes on. Paths of any file
 * system do.
 *
 * <p>All methods wait, and throw what {@link java.nio.file.Files} throws, such as {@link
 * java.nio.file.NoSuchFileException}. A call that is cancelled before a thread has begun it is not
 * made; one that has begun is made to its end, though nobody waits for it.
 */
public final class AsyncFiles {
  private AsyncFiles() {}

  // ---- open files ----

  /**
   * Opens a file, by default for reading.
   *
   * <p><i>Waits</i> until it is open. A named pipe opens when its other end does.
   *
   * <p><i>If cancelled</i>: {@link CancelledError}; nothing is left open, but a file that was to be
   * created may have been.
   *
   * <p><i>Thread</i>: a coroutine.
   *
   * @param options such as {@link StandardOpenOption#READ} and {@link StandardOpenOption#WRITE}
   * @throws java.nio.file.FileSystemException if the path leads to a folder
   * @throws IOException if it can't be opened
   */
  public static AsyncFile open(Path path, OpenOption... options) throws IOException {
    return AsyncFile.open("AsyncFiles.open()", path, Set.copyOf(List.of(options)), false);
  }

  /**
   * Opens a file to be written from its beginning, and creates it; if there is one, it is emptied.
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
   * Opens a file to be written at its end, and creates it if there is none.
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
   * Creates a file with a name of its own in the system's folder for such files, and opens it for
   * reading and writing. It is deleted when it is closed, or when its loop ends.
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
        AsyncFiles::deleteQuietly);
    try {
      return AsyncFile.open(
          call, path, Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE), true);
    } catch (Throwable failed) {
      deleteQuietly(path);
      throw failed;
    }
  }

  private static void deleteQuietly(Path path) {
    HelperPool.FILES.submit(() -> {
      try {
        Files.deleteIfExists(path);
      } catch (IOException nobodyAsks) {
        // The system clears its folder for such files at some time.
      }
    });
  }

  /**
   * Creates a folder with a name of its own in the system's folder for such folders. It is deleted,
   * with everything in it, when it is closed, or when its loop ends.
   *
   * <p><i>Waits</i> until it is there.
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
   * @throws IOException if it can't be read, or is not UTF-8
   */
  public static String readString(Path path) throws IOException {
    return readString(path, UTF_8);
  }

  /**
   * Returns the content of a file as text.
   *
   * <p><i>Waits</i>, <i>If cancelled</i>, <i>Thread</i>: as {@link #readString(Path)}.
   *
   * @throws IOException if it can't be read, or has bytes that are no text in this charset
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
   * @throws IOException if it can't be read, or is not UTF-8
   */
  public static List<String> readAllLines(Path path) throws IOException {
    return text("AsyncFiles.readAllLines()", path, UTF_8, () -> Files.readAllLines(path));
  }

  private static <T> T text(String call, Path path, Charset charset, Callable<T> body)
      throws IOException {
    try {
      return FileJobs.call(call, path, body);
    } catch (CharacterCodingException wrong) {
      throw new IOException(
          path + " has bytes that are no text in " + charset + ". If it is in another charset, give"
              + " that to readString(path, charset); if it is no text, use readAllBytes().",
          wrong);
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
   * Writes a file. By default it is created, or emptied if there is one. If the disk gets full in the
   * middle, a part of it is there; {@link #replace(Path, byte[])} writes all or nothing.
   *
   * <p><i>Waits</i> until the operating system has the bytes.
   *
   * <p><i>If cancelled</i>: {@link CancelledError}; the file may not have been written, or may be in
   * a moment.
   *
   * <p><i>Thread</i>: a coroutine. The array must not be changed before the call has ended; if it was
   * cancelled, not at all.
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
   * Replaces the content of a file, whole or not at all, also if the power fails: readers see the old
   * content or the new one. The file keeps its permissions, and a symbolic link stays one; a file
   * that is not there is created. The new content is written beside it first, so its folder must
   * allow that; its name begins with a dot and ends with {@code .tmp}.
   *
   * <p><i>Waits</i> until the disk has the new content.
   *
   * <p><i>If cancelled</i>: {@link CancelledError}; the file has the old content, or gets the new one
   * in a moment.
   *
   * <p><i>Thread</i>: a coroutine. The array must not be changed before the call has ended; if it was
   * cancelled, not at all.
   *
   * @throws IOException if the content can't be written; then the old one is still there
   */
  public static void replace(Path path, byte[] content) throws IOException {
    FileJobs.run("AsyncFiles.replace()", path, () -> Replacement.replace(path, content));
  }

  /**
   * Replaces the content of a file by text in UTF-8, as {@link #replace(Path, byte[])} does.
   *
   * <p><i>Waits</i>, <i>If cancelled</i>, <i>Thread</i>: as {@link #replace(Path, byte[])}.
   *
   * @throws IOException if the content can't be written; then the old one is still there
   */
  public static void replace(Path path, CharSequence content) throws IOException {
    replace(path, content.toString().getBytes(UTF_8));
  }

  // ---- folders ----

  /**
   * Returns what is in a folder, in the order of the names.
   *
   * <p><i>Waits</i> until it is read.
   *
   * <p><i>If cancelled</i>: {@link CancelledError}.
   *
   * <p><i>Thread</i>: a coroutine.
   *
   * @throws IOException if it can't be read
   */
  public static List<Path> list(Path folder) throws IOException {
    return FileJobs.call("AsyncFiles.list()", folder, () -> {
      List<Path> entries = new ArrayList<>();
      try (Stream<Path> stream = Files.list(folder)) {
        stream.forEach(entries::add);
      } catch (UncheckedIOException failure) {
        throw failure.getCause();
      }
      Collections.sort(entries);
      return entries;
    });
  }

  /**
   * Begins a walk through a folder and the folders in it, which gives the files, for a {@code for}
   * loop. {@code try} closes it.
   *
   * <p><i>Waits</i> until it is known what {@code root} is; the loop waits for the rest.
   *
   * <p><i>If cancelled</i>: {@link CancelledError}.
   *
   * <p><i>Thread</i>: a coroutine.
   *
   * @param root a folder; a file is all there is then
   * @throws IOException if it is not there
   */
  public static FileTree walk(Path root) throws IOException {
    return walk(root, WalkOptions.defaults());
  }

  /**
   * Begins a walk as {@link #walk(Path)} does, with options.
   *
   * <p><i>Waits</i>, <i>If cancelled</i>, <i>Thread</i>: as {@link #walk(Path)}.
   *
   * @throws IOException if {@code root} is not there
   */
  public static FileTree walk(Path root, WalkOptions options) throws IOException {
    return FileTree.of(root, options);
  }

  /**
   * Begins to watch a file, which need not be there yet, or what is in a folder; not what is in its
   * folders. {@code try} ends it.
   *
   * <p><i>Waits</i> until it is watched: whatever happens after that is told.
   *
   * <p><i>If cancelled</i>: {@link CancelledError}; nothing is watched.
   *
   * <p><i>Thread</i>: a coroutine.
   *
   * @throws IOException if neither the file nor its folder is there, or the system allows no more
   *     watches
   */
  public static FileWatch watch(Path path) throws IOException {
    return FileWatch.of(path);
  }

  /**
   * Begins to watch a folder and all folders in it, also those that come later; what is in one that
   * comes is told as created, some of it perhaps twice. Links to folders are not followed.
   *
   * <p><i>Waits</i>, <i>If cancelled</i>, <i>Thread</i>: as {@link #watch}.
   *
   * @throws IOException if it is no folder, or the system allows no more watches
   */
  public static FileWatch watchTree(Path root) throws IOException {
    return FileWatch.ofTree(root);
  }

  /**
   * Creates a folder, and those that it is in. Does nothing if it is there.
   *
   * <p><i>Waits</i> until it is there.
   *
   * <p><i>If cancelled</i>: {@link CancelledError}; it may have been created.
   *
   * <p><i>Thread</i>: a coroutine.
   *
   * @throws IOException if it can't be created, or is a file
   */
  public static void createDirectories(Path folder) throws IOException {
    FileJobs.run("AsyncFiles.createDirectories()", folder, () -> Files.createDirectories(folder));
  }

  // ---- about files ----

  /**
   * Returns whether a file or folder is there.
   *
   * <p><i>Waits</i> until it is known.
   *
   * <p><i>If cancelled</i>: {@link CancelledError}.
   *
   * <p><i>Thread</i>: a coroutine.
   *
   * @param options {@link LinkOption#NOFOLLOW_LINKS} to ask about a link and not what it leads to
   */
  public static boolean exists(Path path, LinkOption... options) {
    try {
      return FileJobs.call("AsyncFiles.exists()", path, () -> Files.exists(path, options));
    } catch (IOException impossible) {
      throw new AssertionError(impossible);
    }
  }

  /**
   * Returns the size of a file in bytes.
   *
   * <p><i>Waits</i>, <i>If cancelled</i>, <i>Thread</i>: as {@link #exists}.
   *
   * @throws IOException if it can't be told
   */
  public static long size(Path path) throws IOException {
    return FileJobs.call("AsyncFiles.size()", path, () -> Files.size(path));
  }

  /**
   * Returns what a path leads to: a file, a folder, its size and times.
   *
   * <p><i>Waits</i>, <i>If cancelled</i>, <i>Thread</i>: as {@link #exists}.
   *
   * @param options {@link LinkOption#NOFOLLOW_LINKS} to ask about a link and not what it leads to
   * @throws IOException if it can't be told
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
   * Copies a file; of a folder, the folder alone.
   *
   * <p><i>Waits</i> until it is copied.
   *
   * <p><i>If cancelled</i>: {@link CancelledError}; a copy that has begun is made to its end.
   *
   * <p><i>Thread</i>: a coroutine.
   *
   * @param options such as {@link java.nio.file.StandardCopyOption#REPLACE_EXISTING}
   * @throws IOException if it can't be copied, or {@code target} is there
   */
  public static void copy(Path source, Path target, CopyOption... options) throws IOException {
    FileJobs.run("AsyncFiles.copy()", source, () -> Files.copy(source, target, options));
  }

  /**
   * Moves or renames a file or folder.
   *
   * <p><i>Waits</i> until it is moved.
   *
   * <p><i>If cancelled</i>: {@link CancelledError}; it may have been moved, or may be in a moment.
   *
   * <p><i>Thread</i>: a coroutine.
   *
   * @param options such as {@link java.nio.file.StandardCopyOption#ATOMIC_MOVE}
   * @throws IOException if it can't be moved, or {@code target} is there
   */
  public static void move(Path source, Path target, CopyOption... options) throws IOException {
    FileJobs.run("AsyncFiles.move()", source, () -> Files.move(source, target, options));
  }

  /**
   * Deletes a file or an empty folder; a link is deleted itself. Returns whether it was there.
   *
   * <p><i>Waits</i> until it is deleted.
   *
   * <p><i>If cancelled</i>: {@link CancelledError}; it may have been deleted, or may be in a moment.
   *
   * <p><i>Thread</i>: a coroutine.
   *
   * @throws IOException if it can't be deleted
   */
  public static boolean deleteIfExists(Path path) throws IOException {
    return FileJobs.call("AsyncFiles.deleteIfExists()", path, () -> Files.deleteIfExists(path));
  }

  /**
   * Deletes a folder with everything in it, or a file; links in it are deleted themselves. Returns
   * whether it was there.
   *
   * <p><i>Waits</i> until all is deleted.
   *
   * <p><i>If cancelled</i>: {@link CancelledError}; if deleting has begun, it goes on.
   *
   * <p><i>Thread</i>: a coroutine.
   *
   * @throws IOException if something can't be deleted; what is left stays
   */
  public static boolean deleteTree(Path path) throws IOException {
    return FileJobs.call("AsyncFiles.deleteTree()", path, () -> Trees.delete(path));
  }
}
