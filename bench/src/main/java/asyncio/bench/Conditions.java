package asyncio.bench;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** What a number is worth nothing without. */
final class Conditions {
  private Conditions() {}

  static Map<String, Object> of(List<Peer> peers, Effort effort) {
    Map<String, Object> conditions = Json.object(
        "date",
        ZonedDateTime.now().format(DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm xxx")),
        "mode",
        effort.name(),
        "processor",
        processor(),
        "cores",
        Runtime.getRuntime().availableProcessors(),
        "kernel",
        property("os.name") + " " + property("os.version") + " " + property("os.arch"),
        "JDK",
        property("java.vendor.version") + " " + property("java.vm.version"));
    peers.forEach(peer -> conditions.put(peer.name(), peer.version()));
    conditions.put("flags", "-Xmx4g; mounted: " + Jmh.OPENS + "; otherwise the JVM's defaults");
    conditions.put("load before", load());
    return conditions;
  }

  /** Of the machine, over the last minute: more than one means that others were at work. */
  static String load() {
    return String.format(
        Locale.ROOT, "%.1f", ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage());
  }

  private static String property(String name) {
    return System.getProperty(name, "unknown");
  }

  private static String processor() {
    try {
      Path linux = Path.of("/proc/cpuinfo");
      if (Files.exists(linux)) {
        return Files.readAllLines(linux).stream()
            .filter(line -> line.startsWith("model name"))
            .map(line -> line.substring(line.indexOf(':') + 1).strip())
            .findFirst()
            .orElse("unknown");
      }
      return Commands.output(List.of("sysctl", "-n", "machdep.cpu.brand_string"));
    } catch (IOException e) {
      return "unknown";
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
