package asyncio.net;

import static asyncio.Asyncio.startServer;
import static asyncio.support.Texts.assertContains;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import asyncio.Asyncio;
import asyncio.CarrierKind;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A server that runs out of file descriptors, in a process of its own. */
@Timeout(50)
class DescriptorsTest {
  private static final int LIMIT = 80;

  /** Serves in the child process: an echo, and each report as a line. */
  static final class Child {
    public static void main(String[] arguments) throws Exception {
      Asyncio.run(() -> {
        Asyncio.runningLoop()
            .setExceptionHandler((loop, context) ->
                System.out.println(context.message() + " " + context.exception()));
        var server = startServer(
            client -> {
              byte[] bytes = client.reader().read(100);
              while (bytes.length > 0) {
                client.writer().write(bytes);
                bytes = client.reader().read(100);
              }
            },
            Loopback.HOST,
            0);
        System.out.println(server.port());
        server.serveForever();
      });
    }
  }

  @Test
  void acceptingGoesOnWhenDescriptorsComeBack() throws Exception {
    assumeTrue(Files.exists(Path.of("/bin/sh")), "a shell sets the limit");
    List<String> command =
        new ArrayList<>(List.of("/bin/sh", "-c", "ulimit -n " + LIMIT + "; exec \"$@\"", "sh"));
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    // Its output is read line by line: no word of the watchdog's on a busy machine.
    command.add("-Dasyncio.slowStepMillis=30000");
    if (Asyncio.carrier() == CarrierKind.MOUNTED) {
      command.addAll(List.of("--add-opens", "java.base/java.lang=ALL-UNNAMED"));
    }
    command.addAll(List.of(
        "-cp",
        whereFrom(Child.class) + File.pathSeparator + whereFrom(Asyncio.class),
        Child.class.getName()));
    Process child = new ProcessBuilder(command).redirectErrorStream(true).start();
    List<Socket> clients = new ArrayList<>();
    BufferedReader output = child.inputReader();
    try {
      int port = Integer.parseInt(output.readLine());
      // One client is served first: loading a class from a folder takes a descriptor too.
      try (var first = new Socket(Loopback.HOST, port)) {
        first.getOutputStream().write('x');
        assertTrue(answers(first, 10_000));
      }
      for (int i = 0; i < LIMIT; i++) {
        var client = new Socket(Loopback.HOST, port);
        clients.add(client);
        client.getOutputStream().write('x');
      }
      String report = output.readLine();
      assertContains(report, "Too many open files", "retries every");

      // Those who are served leave, and the others are served.
      List<Socket> waiting = new ArrayList<>();
      for (Socket client : clients) {
        if (!answers(client, 50)) {
          waiting.add(client);
        }
      }
      assertTrue(!waiting.isEmpty() && waiting.size() < LIMIT, "waiting: " + waiting.size());
      clients.stream().filter(client -> !waiting.contains(client)).forEach(DescriptorsTest::close);
      List<Socket> unserved = waiting.stream()
          .limit(LIMIT - waiting.size())
          .filter(client -> !answers(client, 10_000))
          .toList();
      assertEquals(List.of(), unserved);
    } catch (AssertionError failed) {
      child.toHandle().destroyForcibly(); // of the process itself it would close the output, too
      failed.addSuppressed(
          new AssertionError("the child said: " + output.lines().toList()));
      throw failed;
    } finally {
      clients.forEach(DescriptorsTest::close);
      child.destroyForcibly().waitFor();
    }
  }

  private static Path whereFrom(Class<?> type) throws Exception {
    return Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI());
  }

  private static boolean answers(Socket client, int millis) {
    try {
      client.setSoTimeout(millis);
      return client.getInputStream().read() == 'x';
    } catch (SocketTimeoutException late) {
      return false;
    } catch (IOException e) {
      throw new AssertionError("a client was thrown out", e);
    }
  }

  private static void close(Socket client) {
    try {
      client.close();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }
}
