package asyncio.internal.file;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystemLoopException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The entries of one directory of a walk. The methods block; any thread may call them, one at a time.
 */
public final class Entries {
  /** How many entries are read at once. */
  private static final int BATCH = 256;

  private static final LinkOption[] FOLLOW = {};
  private static final LinkOption[] NO_FOLLOW = {LinkOption.NOFOLLOW_LINKS};

  /**
   * Something in a directory.
   *
   * @param directory whether it is a directory that can be entered
   * @param file whether it is a file with content, perhaps behind a link
   * @param key what two paths to the same directory have in common; null if nothing does
   * @param parent the directory that it is in; null for the root
   * @param depth how many directories it is in
   */
  public record Entry(
      Path path,
      boolean directory,
      boolean file,
      @Nullable Object key,
      @Nullable Entry parent,
      int depth) {}

  private final Entry directory;
  private final boolean followLinks;
  private final DirectoryStream<Path> stream;
  private final Iterator<Path> paths;

  /** Read and not taken. Only between the calls that block, by whoever makes them. */
  private List<Entry> batch = List.of();

  private int next;
  private boolean last;

  /** What could not be read. */
  private final Deque<IOException> failures = new ArrayDeque<>();

  private Entries(Entry directory, boolean followLinks, DirectoryStream<Path> stream) {
    this.directory = directory;
    this.followLinks = followLinks;
    this.stream = stream;
    this.paths = stream.iterator();
  }

  /** Returns the entry at which a walk begins. */
  public static Entry root(Path path) throws IOException {
    return entry(path, Files.readAttributes(path, BasicFileAttributes.class), null);
  }

  /** Opens a directory and reads its first entries. */
  public static Entries open(Entry directory, boolean followLinks) throws IOException {
    if (followLinks) {
      for (Entry above = directory.parent; above != null; above = above.parent) {
        if (isSame(above, directory)) {
          throw new LinkCycle(directory.path, above.path);
        }
      }
    }
    @SuppressWarnings("StreamResourceLeak") // close() closes it
    DirectoryStream<Path> stream = Files.newDirectoryStream(directory.path);
    return new Entries(directory, followLinks, stream).readMore();
  }

  private static boolean isSame(Entry one, Entry other) throws IOException {
    Object key = one.key;
    return key != null ? key.equals(other.key) : Files.isSameFile(one.path, other.path);
  }

  /** Returns the next of the entries that were read; null if there is none. Does not block. */
  public @Nullable Entry take() {
    return next < batch.size() ? batch.get(next++) : null;
  }

  /** Returns whether there are no more to read. Does not block. */
  public boolean isLast() {
    return last;
  }

  /** Returns the next failure that was met; null if there is none. Does not block. */
  public @Nullable IOException takeFailure() {
    return failures.poll();
  }

  /** Reads the next entries. After the last one, or a failure, the directory is closed. */
  public synchronized Entries readMore() {
    List<Entry> read = new ArrayList<>();
    try {
      while (read.size() < BATCH && !last) {
        if (paths.hasNext()) {
          add(read, paths.next());
        } else {
          close();
        }
      }
    } catch (DirectoryIteratorException failed) {
      close();
      failures.add(Objects.requireNonNull(failed.getCause()));
    } catch (Throwable failed) {
      close();
      throw failed;
    }
    batch = read;
    next = 0;
    return this;
  }

  private void add(List<Entry> entries, Path path) {
    try {
      var attributes = Files.readAttributes(path, BasicFileAttributes.class, NO_FOLLOW);
      entries.add(
          attributes.isSymbolicLink()
              ? behindLink(path, attributes)
              : entry(path, attributes, directory));
    } catch (NoSuchFileException deletedMeanwhile) {
      // Then it is no entry any more.
    } catch (IOException failed) {
      failures.add(failed);
    }
  }

  private Entry behindLink(Path path, BasicFileAttributes link) {
    BasicFileAttributes target;
    try {
      target = Files.readAttributes(path, BasicFileAttributes.class, FOLLOW);
    } catch (IOException broken) {
      target = link;
    }
    return followLinks
        ? entry(path, target, directory)
        : new Entry(path, false, target.isRegularFile(), null, directory, directory.depth + 1);
  }

  private static Entry entry(Path path, BasicFileAttributes attributes, @Nullable Entry parent) {
    return new Entry(
        path,
        attributes.isDirectory(),
        attributes.isRegularFile(),
        attributes.fileKey(),
        parent,
        parent == null ? 0 : parent.depth + 1);
  }

  /** Closes the directory. Does nothing the second time. */
  public synchronized void close() {
    last = true;
    try {
      stream.close();
    } catch (IOException nobodyAsks) {
      // It was only read.
    }
  }

  /** Names both ends of a cycle. */
  private static final class LinkCycle extends FileSystemLoopException {
    private static final long serialVersionUID = 1L;
    private final String above;

    LinkCycle(Path link, Path above) {
      super(link.toString());
      this.above = above.toString();
    }

    @Override
    public String getMessage() {
      return getFile() + ": This link leads back to " + above
          + ", which contains it. Walk without withFollowLinks(), or skip it, with withSkipped() or"
          + " withErrorHandler()";
    }
  }
}
