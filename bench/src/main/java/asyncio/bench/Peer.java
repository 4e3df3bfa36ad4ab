package asyncio.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Another runtime's program, which does the work of the rows: {@code program WORK SIZE SECONDS
 * options} prints the number of each element last.
 *
 * @param version for the conditions; without a program, why there is none
 */
record Peer(String name, String version, List<String> program, List<String> options) {
  /** A peer that can't be measured here. */
  static Peer missing(String name, String why) {
    return new Peer(name, why, List.of(), List.of());
  }

  boolean isMissing() {
    return program.isEmpty();
  }

  /**
   * The peer in a row.
   *
   * @param what is appended to the peer's name
   */
  Competitor competitor(String what, String work, int size, double seconds) {
    if (isMissing()) {
      return Competitor.skipped(name + what, version);
    }
    List<String> command = new ArrayList<>(program);
    Stream.of(work, size, seconds).map(Object::toString).forEach(command::add);
    command.addAll(options);
    return new Competitor(name + what, () -> new Competitor.Figure(Commands.number(command)));
  }
}
