package asyncio;

import java.io.IOException;
import java.nio.file.Path;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** How {@link AsyncFiles#walk(Path, WalkOptions)} walks. Immutable; each method returns a changed copy. */
public final class WalkOptions {
  private static final WalkOptions DEFAULTS =
      new WalkOptions(false, false, Integer.MAX_VALUE, null, null);

  final boolean everything;
  final boolean followLinks;
  final int maxDepth;
  final @Nullable Predicate<? super Path> skipped;
  final @Nullable Consumer<? super IOException> onError;

  private WalkOptions(
      boolean everything,
      boolean followLinks,
      int maxDepth,
      @Nullable Predicate<? super Path> skipped,
      @Nullable Consumer<? super IOException> onError) {
    this.everything = everything;
    this.followLinks = followLinks;
    this.maxDepth = maxDepth;
    this.skipped = skipped;
    this.onError = onError;
  }

  /**
   * Returns the defaults: files only, no link to a folder followed, as deep as it goes, and what
   * can't be read ends the walk.
   */
  public static WalkOptions defaults() {
    return DEFAULTS;
  }

  /**
   * Sets whether the walk gives everything: also folders, each before what is in it and the first
   * one included, links to folders or to nothing, pipes and devices.
   */
  public WalkOptions withEverything(boolean everything) {
    return new WalkOptions(everything, followLinks, maxDepth, skipped, onError);
  }

  /**
   * Sets whether links to folders are followed. One that leads back to a folder it is in is an error,
   * a {@link java.nio.file.FileSystemLoopException}.
   */
  public WalkOptions withFollowLinks(boolean followLinks) {
    return new WalkOptions(everything, followLinks, maxDepth, skipped, onError);
  }

  /**
   * Sets how deep the walk goes.
   *
   * @param maxDepth 1 for what is in the folder itself, 2 for what is in its folders as well, and so
   *     on
   * @throws IllegalArgumentException if it is less than 1
   */
  public WalkOptions withMaxDepth(int maxDepth) {
    if (maxDepth < 1) {
      throw new IllegalArgumentException(
          "withMaxDepth() counts from 1, what is in the folder itself; got " + maxDepth + ".");
    }
    return new WalkOptions(everything, followLinks, maxDepth, skipped, onError);
  }

  /**
   * Sets what is left out: paths for which {@code skipped} is true, and folders with everything in
   * them, such as {@code path -> path.endsWith(".git")}.
   */
  public WalkOptions withSkipped(Predicate<? super Path> skipped) {
    return new WalkOptions(everything, followLinks, maxDepth, skipped, onError);
  }

  /**
   * Sets what is told of a folder that can't be read, and of a circle of links: the walk passes over
   * it, and goes on. If {@code onError} throws, that ends the walk.
   */
  public WalkOptions withErrorHandler(Consumer<? super IOException> onError) {
    return new WalkOptions(everything, followLinks, maxDepth, skipped, onError);
  }
}
