package asyncio.bench;

import asyncio.bench.echo.Echo;

/**
 * How long to measure.
 *
 * @param fewRounds of the rows that measure a lot
 * @param sleepers of the memory row, for so many seconds at least
 * @param everything also the sizes in between, and of the peers more than one size of a row
 */
record Effort(
    String name,
    int rounds,
    int fewRounds,
    int startUpRounds,
    int warmUps,
    int measurements,
    int millis,
    double peerSeconds,
    int sleepers,
    int sleepSeconds,
    boolean everything) {
  /** For publishing. */
  static final Effort FULL = new Effort("full", 5, 3, 20, 4, 5, 600, 1, 1_000_000, 8, true);

  /** Tells what has changed a lot. */
  static final Effort QUICK = new Effort("quick", 3, 1, 20, 3, 3, 300, 0.3, 1_000_000, 8, false);

  /** Tells whether every program runs. */
  static final Effort SMOKE = new Effort("smoke", 1, 1, 1, 1, 1, 10, 0.001, 10_000, 1, true);

  /** Long enough for a picture. */
  static final Effort PROFILE = new Effort("profile", 1, 1, 1, 5, 10, 500, 0, 0, 0, false);

  /** How many small files there are. */
  int files() {
    return tells() ? 10_000 : 100;
  }

  /** How long the echo row measures. */
  Echo.Effort echo() {
    return switch (name) {
      case "full" -> Echo.Effort.FULL;
      case "quick" -> Echo.Effort.QUICK;
      default -> Echo.Effort.SMOKE;
    };
  }

  /** What is measured says something; otherwise the numbers to hold are not judged. */
  boolean tells() {
    return this != SMOKE;
  }
}
