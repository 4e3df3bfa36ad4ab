package asyncio.bench;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/**
 * What the command line asks for.
 *
 * @param rows their names, in the order in which they are measured
 * @param json a file to write to, or null
 */
record Arguments(Effort effort, List<String> rows, Path json) {
  /** Fails with a message for the user. */
  static Arguments parse(String... arguments) {
    Effort effort = Effort.FULL;
    Path json = null;
    List<String> wanted = new ArrayList<>();
    for (Iterator<String> rest = List.of(arguments).iterator(); rest.hasNext(); ) {
      String argument = rest.next();
      switch (argument) {
        case "--quick" -> effort = instead(effort, Effort.QUICK);
        case "--smoke" -> effort = instead(effort, Effort.SMOKE);
        case "--profile" -> {
          effort = instead(effort, Effort.PROFILE);
          wanted.addAll(rows(valueOf(argument, "the name of a row", rest), Rows.PROFILED));
        }
        case "--json" -> json = Path.of(valueOf(argument, "a file", rest));
        default -> wanted.addAll(rows(argument, Rows.NAMES));
      }
    }
    if (effort == Effort.PROFILE && (json != null || wanted.size() > 1)) {
      throw new IllegalArgumentException("--profile takes one row and nothing else");
    }
    List<String> rows = wanted.isEmpty()
        ? Rows.unlessNamed(effort)
        : Rows.NAMES.stream().filter(wanted::contains).toList();
    return new Arguments(effort, rows, json);
  }

  private static Effort instead(Effort before, Effort now) {
    if (before != Effort.FULL && before != now) {
      throw new IllegalArgumentException(
          "--" + before.name() + " and --" + now.name() + " exclude each other");
    }
    return now;
  }

  private static String valueOf(String option, String what, Iterator<String> rest) {
    if (!rest.hasNext()) {
      throw new IllegalArgumentException(option + " needs " + what);
    }
    return rest.next();
  }

  /** A whole name means that row alone: {@code queue} is not {@code queues} too. */
  private static List<String> rows(String part, List<String> names) {
    if (names.contains(part)) {
      return List.of(part);
    }
    List<String> found = names.stream().filter(name -> name.contains(part)).toList();
    if (part.startsWith("-") || found.isEmpty()) {
      throw new IllegalArgumentException(
          "there is no benchmark '" + part + "'; there are " + String.join(", ", names));
    }
    return found;
  }
}
