package asyncio.net;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.openConnection;
import static asyncio.Asyncio.run;
import static asyncio.Asyncio.startServer;
import static asyncio.Asyncio.waitUntil;
import static asyncio.Asyncio.yieldNow;
import static org.junit.jupiter.api.Assertions.assertEquals;

import asyncio.Asyncio;
import asyncio.Task;
import asyncio.support.ChildJvm;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.net.spi.InetAddressResolver;
import java.net.spi.InetAddressResolverProvider;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Look-ups while the name server is down; in a JVM of its own, which has a resolver of the test.
 */
@Tag("process")
class NameServerDownTest {
  /** Finds no name before it is up; counts how often it is asked. */
  public static final class Provider extends InetAddressResolverProvider {
    static final CountDownLatch UP = new CountDownLatch(1);
    static final AtomicInteger ASKED = new AtomicInteger();

    @Override
    public InetAddressResolver get(Configuration configuration) {
      return new InetAddressResolver() {
        @Override
        public Stream<InetAddress> lookupByName(String host, LookupPolicy policy) {
          ASKED.incrementAndGet();
          try {
            UP.await();
          } catch (InterruptedException e) {
            throw new AssertionError(e);
          }
          return Stream.of(InetAddress.ofLiteral("127.0.0.1"));
        }

        @Override
        public String lookupByAddress(byte[] address) throws UnknownHostException {
          throw new UnknownHostException();
        }
      };
    }

    @Override
    public String name() {
      return "a name server that is down";
    }
  }

  static final class GivesUp {
    private static final int THREADS = 32;

    public static void main(String[] arguments) throws Exception {
      run(() -> {
        try (var server = startServer(client -> client.writer().write("hi\n"), "127.0.0.1", 0)) {
          List<Task<?>> lookUps = new ArrayList<>();
          for (int i = 0; i < 10 * THREADS; i++) {
            String host = "host" + i + ".example";
            lookUps.add(createTask(() -> openConnection(host, server.port()).close()));
          }
          while (Provider.ASKED.get() < THREADS) {
            yieldNow();
          }
          lookUps.forEach(Task::cancel);
          waitUntil(Asyncio.ALL_COMPLETED, lookUps);
          Provider.UP.countDown();
          try (var connection = openConnection("host.example", server.port())) {
            System.out.println(connection.reader().readLine());
          }
          System.out.println("asked for " + (Provider.ASKED.get() - THREADS));
        }
      });
    }
  }

  static final class Overloads {
    private static final int THREADS = 32;
    private static final int ROOM = 10_000;

    public static void main(String[] arguments) throws Exception {
      run(() -> {
        List<Task<?>> lookUps = new ArrayList<>();
        for (int i = 0; i < THREADS; i++) {
          lookUps.add(lookUp("taken" + i + ".example"));
        }
        while (Provider.ASKED.get() < THREADS) {
          yieldNow();
        }
        for (int i = 0; i < ROOM; i++) {
          lookUps.add(lookUp("waits" + i + ".example"));
        }
        yieldNow();
        System.out.println(lookUps.stream().filter(Task::isDone).count() + " are done");
        var refused = lookUp("refused.example");
        waitUntil(Asyncio.ALL_COMPLETED, List.of(refused));
        System.out.println(refused.exception());
        lookUps.getLast().cancel();
        yieldNow();
        var accepted = lookUp("accepted.example");
        yieldNow();
        System.out.println("one more waits: " + !accepted.isDone());
        Provider.UP.countDown();
      });
    }

    private static Task<?> lookUp(String host) {
      return createTask(() -> openConnection(host, 1).close());
    }
  }

  @Test
  void aLookUpThatNobodyWaitsForIsNotMade(@TempDir Path folder) throws Exception {
    assertEquals(List.of("hi", "asked for 1"), linesOf(GivesUp.class, folder));
  }

  @Test
  void moreLookUpsThanMayWaitAreRefused(@TempDir Path folder) throws Exception {
    assertEquals(
        List.of(
            "0 are done",
            "java.io.IOException: The host name 'refused.example' can't be looked up: 10000"
                + " look-ups are already waiting for the name server. Check whether this machine"
                + " can reach it, and look up fewer names at a time.",
            "one more waits: true"),
        linesOf(Overloads.class, folder));
  }

  private static List<String> linesOf(Class<?> main, Path folder) throws Exception {
    Path services = Files.createDirectories(folder.resolve("META-INF/services"));
    Files.writeString(
        services.resolve(InetAddressResolverProvider.class.getName()), Provider.class.getName());
    try (var child = new ChildJvm(main, List.of(folder), "-Xmx128m")) {
      child.assertExitCode(0);
      return child.lines();
    }
  }
}
