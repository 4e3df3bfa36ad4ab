package asyncio.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;

/** Keeps what is built of the peers in folders, until their sources or their tools change. */
final class Builds {
  private final Path root;

  Builds(Path root) {
    this.root = root.toAbsolutePath();
  }

  /** The commands that build into a folder. */
  interface Recipe {
    List<List<String>> into(Path folder);
  }

  /**
   * The folder with what has been built. Fails with a message of one line if it can't be.
   *
   * @param tools their version
   */
  Path folder(String name, String tools, List<Path> sources, Recipe recipe)
      throws IOException, InterruptedException {
    Path folder = root.resolve(name);
    Path stamp = folder.resolve("stamp");
    String now = stamp(tools, sources, recipe.into(folder));
    if (Files.exists(stamp) && Files.readString(stamp).equals(now)) {
      return folder;
    }
    System.err.println("building the program for " + name);
    Files.createDirectories(folder);
    Files.deleteIfExists(stamp);
    for (List<String> command : recipe.into(folder)) {
      try {
        Commands.output(command);
      } catch (IOException e) {
        throw new IOException("it can't be built: " + reason(e.getMessage()), e);
      }
    }
    Files.writeString(stamp, now);
    return folder;
  }

  /** The first line that speaks of an error, behind the one that names the command. */
  private static String reason(String message) {
    List<String> lines = message.lines().skip(1).filter(line -> !line.isBlank()).toList();
    return lines.stream()
        .filter(line -> line.toLowerCase(Locale.ROOT).contains("error"))
        .findFirst()
        .or(() -> lines.stream().findFirst())
        .orElse(message)
        .strip();
  }

  private static String stamp(String tools, List<Path> sources, List<List<String>> commands)
      throws IOException {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest.update((tools + commands).getBytes());
      for (Path source : sources) {
        digest.update(Files.readAllBytes(source));
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }
}
