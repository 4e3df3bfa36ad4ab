package asyncio;

import java.io.IOException;
import java.nio.file.Path;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * How {@link AsyncFiles#walk(Path, WalkOptions)} walks. Immutable; each method returns a changed
 * copy.
 */
public final class WalkOptions {
  private static final WalkOptions DEFAULTS =
      new WalkOptions(false, false, Integer.MAX_VALUE, null, null);

  final boolean allEntries;
  final boolean followLinks;
  final int maxDepth;
  final @Nullable Predicate<? super Path> skipped;
  final @Nullable Consumer<? super IOException> onError;

  private WalkOptions(
      boolean allEntries,
      boolean followLinks,
      int maxDepth,
      @Nullable Predicate<? super Path> skipped,
      @Nullable Consumer<? super IOException> onError) {
    this.allEntries = allEntries;
    this.followLinks = followLinks;
    this.maxDepth = maxDepth;
    this.skipped = skipped;
    this.onError = onError;
  }

  /**
   * Returns the defaults: files only, links to directories not followed, no limit of depth, and an
   * exception for a directory that can't be read.
   */
  public static WalkOptions defaults() {
    return DEFAULTS;
  }

  /**
   * Sets whether the walk also returns directories (each before its contents, the root included),
   * links to directories, broken links, pipes and devices.
   */
  public WalkOptions withAllEntries(boolean allEntries) {
    return new WalkOptions(allEntries, followLinks, maxDepth, skipped, onError);
  }

  /**
   * Sets whether links to directories are followed. One that leads back to a directory that
   * contains it is an error, a {@link java.nio.file.FileSystemLoopException}.
   */
  public WalkOptions withFollowLinks(boolean followLinks) {
    return new WalkOptions(allEntries, followLinks, maxDepth, skipped, onError);
  }

  /**
   * Sets how deep the walk goes.
   *
   * @param maxDepth 1 for the entries of the directory itself, 2 for those of its subdirectories as
   *     well, and so on
   * @throws IllegalArgumentException if it is less than 1
   */
  public WalkOptions withMaxDepth(int maxDepth) {
    if (maxDepth < 1) {
      throw new IllegalArgumentException(
          "withMaxDepth() takes 1 or more: 1 means only the entries of the directory itself; got "
              + maxDepth + ".");
    }
    return new WalkOptions(allEntries, followLinks, maxDepth, skipped, onError);
  }

  /**
   * Leaves out paths for which {@code skipped} returns true, such as {@code path ->
   * path.endsWith(".git")}; a directory is left out with everything in it.
   */
  public WalkOptions withSkipped(Predicate<? super Path> skipped) {
    return new WalkOptions(allEntries, followLinks, maxDepth, skipped, onError);
  }

  /**
   * Sets a handler for directories that can't be read and for cycles of links. The walk skips them
   * and goes on. If {@code onError} throws, that is thrown by the loop.
   */
  public WalkOptions withErrorHandler(Consumer<? super IOException> onError) {
    return new WalkOptions(allEntries, followLinks, maxDepth, skipped, onError);
  }
}
