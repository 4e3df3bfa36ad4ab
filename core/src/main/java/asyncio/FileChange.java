package asyncio;

import java.nio.file.Path;

/**
 * A change to a file or directory; see {@link FileWatch}.
 *
 * @param kind what happened
 * @param path the file or directory that changed; for {@link Kind#OVERFLOW}, the watched path
 */
public record FileChange(Kind kind, Path path) {
  /** What happened. */
  public enum Kind {
    /** It was created, or moved here, perhaps over another one. */
    CREATED,
    /** Its content or its attributes changed. */
    MODIFIED,
    /** It was deleted, or moved away. */
    DELETED,
    /** Some changes were missed. Rescan what you are tracking. */
    OVERFLOW
  }
}
