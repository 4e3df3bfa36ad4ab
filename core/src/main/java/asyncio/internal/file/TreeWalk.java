package asyncio.internal.file;

import java.io.IOException;
import java.nio.file.ClosedDirectoryStreamException;
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
 * A walk through a folder and what is in it, folder by folder. The methods block; one thread at a
 * time calls them.
 */
public final class TreeWalk {
  /** How many entries of a folder are read at once. */
  private static final int BATCH = 256;

  private static final LinkOption[] FOLLOW = {};
  private static final LinkOption[] NO_FOLLOW = {LinkOption.NOFOLLOW_LINKS};

  /**
   * Something in a folder.
   *
   * @param folder whether it is a folder that can be entered
   * @param file whether it is a file with content, perhaps behind a link
   * @param key what tells that two paths lead to the same folder; null if nothing does
   * @param parent the folder that it is in; null for the first one
   */
  public record Entry(
      Path path,
      boolean folder,
      boolean file,
      @Nullable Object key,
      @Nullable Entry parent) {
    /** Returns how many folders it is in. */
    public int depth() {
      int depth = 0;
      for (Entry above = parent; above != null; above = above.parent) {
        depth++;
      }
      return depth;
    }
  }

  /**
   * Some entries of a folder.
   *
   * @param last whether there are no more
   */
  public record Batch(List<Entry> entries, boolean last) {}

  private final boolean followLinks;

  /** The folders that the walk is in and has not read to their end, the innermost last. */
  private final Deque<Level> levels = new ArrayDeque<>();

  private boolean closed;

  public TreeWalk(boolean followLinks) {
    this.followLinks = followLinks;
  }

  private static final class Level {
    final Entry folder;
    final DirectoryStream<Path> stream;
    final Iterator<Path> paths;

    Level(Entry folder, DirectoryStream<Path> stream) {
      this.folder = folder;
      this.stream = stream;
      this.paths = stream.iterator();
    }
  }

  /** Returns the entry where a walk begins. */
  public static Entry root(Path path) throws IOException {
    return entry(path, Files.readAttributes(path, BasicFileAttributes.class), null);
  }

  /** Enters a folder, and returns its first entries. */
  public synchronized Batch enter(Entry folder) throws IOException {
    if (followLinks) {
      for (Entry above = folder.parent; above != null; above = above.parent) {
        if (isSame(above, folder)) {
          throw new LinkCircle(folder.path(), above.path());
        }
      }
    }
    if (closed) {
      throw new ClosedDirectoryStreamException();
    }
    @SuppressWarnings("StreamResourceLeak") // leave() closes it
    DirectoryStream<Path> stream = Files.newDirectoryStream(folder.path());
    levels.addLast(new Level(folder, stream));
    return read();
  }

  private static boolean isSame(Entry one, Entry other) throws IOException {
    Object key = one.key();
    return key != null ? key.equals(other.key()) : Files.isSameFile(one.path(), other.path());
  }

  /** Returns the next entries of the innermost folder whose last ones were not returned. */
  public synchronized Batch read() throws IOException {
    Level level = levels.getLast();
    List<Entry> entries = new ArrayList<>();
    try {
      while (entries.size() < BATCH) {
        if (!level.paths.hasNext()) {
          leave();
          return new Batch(entries, true);
        }
        Entry entry = read(level.paths.next(), level.folder);
        if (entry != null) {
          entries.add(entry);
        }
      }
      return new Batch(entries, false);
    } catch (DirectoryIteratorException failed) {
      leave();
      throw Objects.requireNonNull(failed.getCause());
    }
  }

  private @Nullable Entry read(Path path, Entry parent) throws IOException {
    try {
      var attributes = Files.readAttributes(path, BasicFileAttributes.class, NO_FOLLOW);
      if (attributes.isSymbolicLink()) {
        return behindLink(path, attributes, parent);
      }
      return entry(path, attributes, parent);
    } catch (NoSuchFileException deletedMeanwhile) {
      return null;
    }
  }

  private Entry behindLink(Path path, BasicFileAttributes link, Entry parent) {
    BasicFileAttributes there;
    try {
      there = Files.readAttributes(path, BasicFileAttributes.class, FOLLOW);
    } catch (IOException leadsNowhere) {
      there = link;
    }
    if (followLinks) {
      return entry(path, there, parent);
    }
    return new Entry(path, false, there.isRegularFile(), null, parent);
  }

  private static Entry entry(Path path, BasicFileAttributes attributes, @Nullable Entry parent) {
    return new Entry(
        path, attributes.isDirectory(), attributes.isRegularFile(), attributes.fileKey(), parent);
  }

  private void leave() throws IOException {
    levels.removeLast().stream.close();
  }

  /** Leaves all folders. */
  public synchronized void close() {
    closed = true;
    while (!levels.isEmpty()) {
      try {
        leave();
      } catch (IOException nobodyAsks) {
        // It was only read.
      }
    }
  }

  /** Names both ends of a circle. */
  private static final class LinkCircle extends FileSystemLoopException {
    private static final long serialVersionUID = 1L;
    private final String above;

    LinkCircle(Path link, Path above) {
      super(link.toString());
      this.above = above.toString();
    }

    @Override
    public String getMessage() {
      return getFile() + ": This leads back to " + above
          + ", a folder that it is in. Walk without withFollowLinks(), or pass over it, with"
          + " withSkipped() or withErrorHandler()";
    }
  }
}
