import org.jspecify.annotations.NullMarked;

/**
 * What a test of asyncio code needs beside JUnit: time that jumps. Start at {@link
 * asyncio.testing.AsyncTest}.
 */
@NullMarked
module asyncio.testing {
  requires transitive asyncio;
  requires transitive org.junit.jupiter.api;
  requires static org.jspecify;

  exports asyncio.testing;

  // JUnit makes the extension.
  opens asyncio.testing to
      org.junit.platform.commons;
}
