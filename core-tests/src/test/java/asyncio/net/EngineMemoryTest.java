package asyncio.net;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.run;
import static asyncio.Asyncio.startServer;
import static asyncio.Asyncio.yieldNow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import asyncio.Asyncio;
import asyncio.CarrierKind;
import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Little memory outside the heap: in processes of their own, with 600 KB of it. */
@Timeout(50)
class EngineMemoryTest {
  private static void useTheNetwork() throws IOException {
    try (var _ = startServer(client -> {}, Loopback.HOST, 0)) {
      yieldNow();
    }
  }

  /** Leaves less than an engine needs. */
  private static volatile ByteBuffer taken;

  private static void takeMemory() {
    taken = ByteBuffer.allocateDirect(550_000);
  }

  private static void releaseMemory() {
    taken = null;
    System.gc();
  }

  /** Many loops, one after the other, while nobody collects garbage. */
  static final class ManyLoops {
    public static void main(String[] arguments) throws Exception {
      for (int i = 0; i < 20; i++) {
        run(EngineMemoryTest::useTheNetwork);
      }
      System.out.println("all loops had memory");
    }
  }

  /** Memory that is there again after an engine could not be opened. */
  static final class TooLittle {
    public static void main(String[] arguments) throws Exception {
      run(() -> {
        takeMemory();
        try {
          useTheNetwork();
        } catch (IOException expected) {
          System.out.println(expected.getMessage());
        }
        releaseMemory();
        useTheNetwork();
        System.out.println("opened later");
      });
    }
  }

  /** Two tasks that open the engine while the JDK sleeps for want of memory. */
  static final class TwoAtOnce {
    public static void main(String[] arguments) throws Exception {
      run(() -> {
        takeMemory();
        var first = createTask(EngineMemoryTest::useTheNetwork);
        var second = createTask(EngineMemoryTest::useTheNetwork);
        createTask(EngineMemoryTest::releaseMemory);
        first.await();
        second.await();
        System.out.println("both had it");
      });
    }
  }

  private static List<String> output(Class<?> main, String... options) throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    if (Asyncio.carrier() == CarrierKind.MOUNTED) {
      command.addAll(List.of("--add-opens", "java.base/java.lang=ALL-UNNAMED"));
    }
    command.add("-Dasyncio.carrier=" + Asyncio.carrier().name().toLowerCase());
    command.addAll(
        List.of("-XX:MaxDirectMemorySize=600k", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));
    command.addAll(List.of(options));
    command.add("-Dasyncio.slowStepMillis=30000");
    command.addAll(List.of(
        "-cp", whereFrom(main) + File.pathSeparator + whereFrom(Asyncio.class), main.getName()));
    Process child = new ProcessBuilder(command).redirectErrorStream(true).start();
    try {
      List<String> lines = child.inputReader().lines().toList();
      assertEquals(0, child.waitFor(), lines::toString);
      return lines;
    } finally {
      child.destroyForcibly();
    }
  }

  private static Path whereFrom(Class<?> type) throws Exception {
    return Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI());
  }

  @Test
  void aClosedLoopGivesItsMemoryBackAtOnce() throws Exception {
    assertEquals(
        List.of("all loops had memory"), output(ManyLoops.class, "-XX:+DisableExplicitGC"));
  }

  @Test
  void withoutMemoryItIsAnErrorForTheCallerAloneAndWorksLater() throws Exception {
    List<String> lines = output(TooLittle.class);
    assertEquals(2, lines.size(), lines::toString);
    assertTrue(lines.getFirst().contains("Raise -XX:MaxDirectMemorySize"), lines::toString);
    assertEquals("opened later", lines.getLast());
  }

  @Test
  void twoTasksMayOpenTheEngineAtOnce() throws Exception {
    assumeTrue(
        Asyncio.carrier() == CarrierKind.MOUNTED,
        "mounted carrier only: on the portable one the sleep in the JDK holds the loop");
    assertEquals(List.of("both had it"), output(TwoAtOnce.class));
  }
}
