package asyncio;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.run;
import static asyncio.Asyncio.waitUntil;
import static asyncio.Asyncio.yieldNow;
import static asyncio.net.Net.openConnection;
import static asyncio.net.Net.startServer;
import static org.junit.jupiter.api.Assertions.assertEquals;

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
      run(
          () -> {
            try (var server =
                startServer(client -> client.writer().write("hi\n"), "127.0.0.1", 0)) {
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

  @Test
  void aLookUpThatNobodyWaitsForIsNotMade(@TempDir Path folder) throws Exception {
    Path services = Files.createDirectories(folder.resolve("META-INF/services"));
    Files.writeString(
        services.resolve(InetAddressResolverProvider.class.getName()), Provider.class.getName());
    try (var child = new ChildJvm(GivesUp.class, List.of(folder))) {
      assertEquals(0, child.exitCode(), () -> child.lines().toString());
      assertEquals(List.of("hi", "asked for 1"), child.lines());
    }
  }
}
