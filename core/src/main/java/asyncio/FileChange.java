package asyncio;

import java.nio.file.Path;

/**
 * Something that happened to a file or folder; see {@link FileWatch}.
 *
 * @param kind what happened
 * @param path what it happened to, below the path that is watched; for {@link Kind#OVERFLOW} that
 *     path itself
 */
public record FileChange(Kind kind, Path path) {
  /** What happened. */
  public enum Kind {
    /** It is there now: it was made, or moved here. */
    CREATED,
    /** Its content or its attributes changed. */
    MODIFIED,
    /** It is not there any more: it was deleted, or moved away. */
    DELETED,
    /**
     * More happened than could be told: changes are missing. A program that keeps track looks at
     * everything again.
     */
    OVERFLOW
  }
}
