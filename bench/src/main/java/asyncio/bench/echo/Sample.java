package asyncio.bench.echo;

/**
 * What the load measured in one window: the costs of the server for a round trip in nanoseconds,
 * the latencies as the client saw them in nanoseconds.
 *
 * @param busy share of the window in which the server had the processor
 * @param idle share of the window in which the load had nothing to do
 * @param total round trips of the load's process so far, the unmeasured ones too
 */
record Sample(
    double cpu,
    double user,
    double system,
    double busy,
    double perSecond,
    double p50,
    double p99,
    double max,
    double idle,
    double total) {

  /** From a line of echo-load. */
  static Sample parse(String line) {
    String[] numbers = line.split(" "); // the first is the size
    double roundTrips = Double.parseDouble(numbers[1]);
    double seconds = Double.parseDouble(numbers[2]);
    double cpu = Double.parseDouble(numbers[3]) / roundTrips;
    double user = Double.parseDouble(numbers[4]);
    double system = Double.parseDouble(numbers[5]);
    // The processor's clock is exact, but only the ticks tell user from system.
    double userShare = user + system == 0 ? 0 : user / (user + system);
    return new Sample(
        cpu,
        cpu * userShare,
        cpu * (1 - userShare),
        cpu * roundTrips / 1e9 / seconds,
        roundTrips / seconds,
        Double.parseDouble(numbers[6]),
        Double.parseDouble(numbers[7]),
        Double.parseDouble(numbers[8]),
        Double.parseDouble(numbers[9]),
        Double.parseDouble(numbers[10]));
  }
}
