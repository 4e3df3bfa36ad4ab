package asyncio.bench.echo;

import asyncio.bench.Measured;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Formatter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * The row of idle connections: how much memory of a server each takes that has sent a byte and got it
 * back, plain and with TLS. What the system keeps for a socket is not counted.
 */
public final class Idle implements Measured {
  private final Contenders contenders;
  private final Path scratch;
  private final int count;
  private final Map<Contender, Double> bytes = new LinkedHashMap<>();
  private List<Contender> all = List.of();
  private String absent;

  /** A row that is not measured yet; see {@link Tls#Tls}. */
  public Idle(String java, Path jar, Path peers, Path scratch, boolean tells) {
    contenders = new Contenders(java, jar, peers);
    this.scratch = scratch;
    this.count = tells ? 5000 : 50;
  }

  @Override
  public void run() throws InterruptedException {
    try {
      for (String tool : List.of("go", "openssl", "taskset")) {
        if (!Programs.exists(tool)) {
          throw new IOException(tool + " is missing");
        }
      }
      Path certificate = scratch.resolve("idle.pem");
      Path key = scratch.resolve("idle.key");
      Programs.certificate(certificate, key);
      String load = contenders.buildGoLoad();
      all = contenders.idle(certificate.toString(), key.toString());
      for (Contender one : all) {
        if (one.absent() == null) {
          System.err.printf("idle: %s%n", one.name);
          measure(one, load, one.name.endsWith("TLS") ? certificate.toString() : "-");
        }
      }
    } catch (IOException e) {
      absent = "skipped: " + e.getMessage();
    } finally {
      all.forEach(Contender::stop);
    }
  }

  private void measure(Contender one, String load, String authority) throws InterruptedException {
    try {
      one.start(Echo.allowedCpus().getLast(), scratch);
      hold(one, load, authority, Math.min(count, 500)); // loads its classes, fills its pools
      long before = one.ask();
      long during = hold(one, load, authority, count);
      bytes.put(one, (double) (during - before) / count);
    } catch (IOException e) {
      one.fail(e);
    } finally {
      one.stop();
    }
  }

  /** Returns the memory in use while so many connections are open. */
  private static long hold(Contender one, String load, String authority, int count)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(
        List.of(load, "" + one.port(), "" + one.pid(), "" + count, "0", "0", authority, "hold"));
    Process holding = new ProcessBuilder(Contender.pinned(Echo.allowedCpus().getFirst(), command))
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start();
    try {
      var output = new BufferedReader(
          new InputStreamReader(holding.getInputStream(), StandardCharsets.UTF_8));
      if (!"ready".equals(output.readLine())) {
        one.checkAlive();
        throw new IOException("the load could not open " + count + " connections");
      }
      return one.ask();
    } finally {
      holding.getOutputStream().close(); // lets it close them
      holding.waitFor();
    }
  }

  @Override
  public boolean failed() {
    return all.stream().anyMatch(Contender::failed);
  }

  @Override
  public String table(boolean judged) {
    if (absent != null) {
      return String.format("%nidle: %s%n", absent);
    }
    var text = new Formatter(Locale.ROOT);
    text.format("%nidle: memory of a connection of %,d at once, bytes (1 run)%n", count);
    for (Contender one : all) {
      if (one.absent() != null) {
        text.format("  %-22s  %s%n", one.name, one.absent());
      } else {
        text.format("  %-22s  %,9.0f  %s%n", one.name, bytes.get(one), one.version());
      }
    }
    return text.toString();
  }

  @Override
  public Map<String, Object> toJson() {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("name", "idle");
    json.put("title", "memory of an idle connection");
    json.put("unit", "bytes");
    if (absent != null) {
      json.put("absent", absent);
      return json;
    }
    List<Map<String, Object>> results = new ArrayList<>();
    for (Contender one : all) {
      Map<String, Object> result = new LinkedHashMap<>();
      result.put("name", one.name);
      if (one.absent() != null) {
        result.put("absent", one.absent());
      } else {
        result.put("version", one.version());
        result.put("median", bytes.get(one));
      }
      results.add(result);
    }
    json.put("results", results);
    return json;
  }
}
