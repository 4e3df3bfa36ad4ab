package asyncio.bench;

/** How long to measure. A quick run tells what has changed a lot; a full one is for publishing. */
record Effort(
    int rounds,
    int memoryRounds,
    int startUpRounds,
    int warmUps,
    int measurements,
    int millis,
    double peerSeconds) {
  static final Effort QUICK = new Effort(3, 1, 20, 4, 3, 400, 0.5);
  static final Effort FULL = new Effort(5, 3, 20, 5, 5, 1000, 2);
}
