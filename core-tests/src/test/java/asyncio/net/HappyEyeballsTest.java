package asyncio.net;

import static asyncio.Asyncio.openConnection;
import static asyncio.Asyncio.runningLoop;
import static asyncio.Asyncio.sleep;
import static asyncio.Asyncio.timeout;
import static asyncio.support.Texts.assertContains;
import static java.time.Duration.ZERO;
import static java.time.Duration.ofDays;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.Action;
import asyncio.ConnectOptions;
import asyncio.Resolver;
import asyncio.TimeoutException;
import asyncio.WithPollers;
import asyncio.conformance.Covers;
import asyncio.internal.engine.ListenSettings;
import asyncio.internal.engine.MemoryEngine;
import asyncio.support.Order;
import asyncio.testing.VirtualClock;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NoRouteToHostException;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import org.junit.jupiter.api.Test;

/** RFC 8305, on a resolver and a network that are made up, by a virtual clock. */
class HappyEyeballsTest {
  private static final InetAddress SIX_A = InetAddress.ofLiteral("2001:db8::a");
  private static final InetAddress SIX_B = InetAddress.ofLiteral("2001:db8::b");
  private static final InetAddress FOUR_A = InetAddress.ofLiteral("192.0.2.1");
  private static final InetAddress FOUR_B = InetAddress.ofLiteral("192.0.2.2");
  private static final int PORT = 80;

  private MemoryEngine engine;
  private final Order order = new Order();

  private void run(Action<Exception> body) throws Exception {
    WithPollers.run(new VirtualClock(), scheduler -> engine = new MemoryEngine(scheduler), () -> {
      // The engine is opened at its first use.
      assertThrows(ConnectException.class, () -> openConnection("192.0.2.99", 1));
      body.run();
    });
  }

  private void listens(InetAddress address) throws IOException {
    engine.listen(new InetSocketAddress(address, PORT), new ListenSettings(10, true));
  }

  /** Whoever connects there is noted, and takes {@code delay}. */
  private void takes(InetAddress address, Duration delay) {
    engine.road(new InetSocketAddress(address, PORT), () -> {
      order.add(address.getHostAddress() + " at " + now());
      sleep(delay);
    });
  }

  private static long now() {
    return runningLoop().time().toMillis();
  }

  private static ConnectOptions to(InetAddress... addresses) {
    return ConnectOptions.defaults().withResolver(host -> List.of(addresses));
  }

  private static void connects(InetAddress expected, ConnectOptions options) throws IOException {
    try (var connection = openConnection("host.example", PORT, options)) {
      assertEquals(new InetSocketAddress(expected, PORT), connection.remoteAddress());
    }
  }

  @Test
  void theFirstAddressWinsIfItIsFast() throws Exception {
    run(() -> {
      listens(SIX_A);
      listens(FOUR_A);
      takes(SIX_A, ofMillis(249));
      takes(FOUR_A, ZERO);
      connects(SIX_A, to(SIX_A, FOUR_A));
      order.assertIs("2001:db8:0:0:0:0:0:a at 0");
      assertEquals(249, now());
    });
  }

  @Test
  void theNextAddressStartsAfterAQuarterOfASecond() throws Exception {
    run(() -> {
      listens(SIX_A);
      listens(FOUR_A);
      takes(SIX_A, ofDays(1));
      takes(FOUR_A, ofMillis(10));
      connects(FOUR_A, to(SIX_A, FOUR_A));
      order.assertIs("2001:db8:0:0:0:0:0:a at 0", "192.0.2.1 at 250");
      assertEquals(260, now());
    });
  }

  @Test
  void familiesTakeTurns() throws Exception {
    run(() -> {
      for (InetAddress address : List.of(SIX_A, SIX_B, FOUR_A, FOUR_B)) {
        takes(address, ofDays(1));
      }
      assertThrows(
          TimeoutException.class,
          () -> timeout(
              ofSeconds(2),
              () -> openConnection("host.example", PORT, to(SIX_A, SIX_B, FOUR_A, FOUR_B))));
      order.assertIs(
          "2001:db8:0:0:0:0:0:a at 0",
          "192.0.2.1 at 250",
          "2001:db8:0:0:0:0:0:b at 500",
          "192.0.2.2 at 750");
    });
  }

  @Test
  @Covers("test_base_events.BaseEventLoopWithSelectorTests.create_connection_multiple")
  void anAddressThatFailsLetsTheNextOneStartAtOnce() throws Exception {
    run(() -> {
      listens(FOUR_A);
      takes(SIX_A, ofMillis(20)); // and then it refuses
      takes(FOUR_A, ZERO);
      connects(FOUR_A, to(SIX_A, FOUR_A));
      order.assertIs("2001:db8:0:0:0:0:0:a at 0", "192.0.2.1 at 20");
    });
  }

  @Test
  @Covers(
      "test_base_events.BaseEventLoopWithSelectorTests.create_connection_happy_eyeballs_empty_exceptions")
  void whenAllFailTheErrorNamesThemAll() throws Exception {
    run(() -> {
      engine.road(new InetSocketAddress(SIX_A, PORT), () -> {
        throw new NoRouteToHostException("Network is unreachable");
      });
      var e = assertThrows(
          IOException.class, () -> openConnection("host.example", PORT, to(SIX_A, FOUR_A)));
      assertContains(
          e.getMessage(),
          "host.example:80",
          "2001:db8:0:0:0:0:0:a",
          "192.0.2.1",
          "Network is unreachable",
          "Connection refused");
      assertEquals(1, e.getSuppressed().length);
    });
  }

  @Test
  void aCancelEndsAllAttempts() throws Exception {
    run(() -> {
      takes(SIX_A, ofDays(1));
      takes(FOUR_A, ofDays(1));
      assertThrows(
          TimeoutException.class,
          () -> timeout(
              ofSeconds(10), () -> openConnection("host.example", PORT, to(SIX_A, FOUR_A))));
      assertEquals(10_000, now());
      assertEquals(1, runningLoop().allTasks().size());
    });
  }

  @Test
  void theHeadStartCanBeChangedOrTheRaceTurnedOff() throws Exception {
    run(() -> {
      listens(SIX_A);
      listens(FOUR_A);
      takes(SIX_A, ofSeconds(100));
      takes(FOUR_A, ZERO);
      connects(FOUR_A, to(SIX_A, FOUR_A).withHappyEyeballsDelay(ofSeconds(7)));
      assertEquals(7_000, now());
      connects(SIX_A, to(SIX_A, FOUR_A).withHappyEyeballsDelay(ZERO));
      assertEquals(107_000, now());
      assertThrows(
          IllegalArgumentException.class,
          () -> ConnectOptions.defaults().withHappyEyeballsDelay(ofMillis(-1)));
    });
  }

  /** Gives each address after a while. */
  private static Resolver slow(Duration each, InetAddress... addresses) {
    return host -> () -> new Iterator<>() {
      private int next;

      @Override
      public boolean hasNext() {
        sleep(each);
        return next < addresses.length;
      }

      @Override
      public InetAddress next() {
        if (next == addresses.length) {
          throw new NoSuchElementException();
        }
        return addresses[next++];
      }
    };
  }

  @Test
  void anAddressIsTriedWhileTheNextIsLookedFor() throws Exception {
    run(() -> {
      listens(SIX_A);
      listens(FOUR_A);
      takes(SIX_A, ofSeconds(3));
      takes(FOUR_A, ofMillis(10));
      var six = ConnectOptions.defaults().withResolver(slow(ofSeconds(5), SIX_A, FOUR_A));
      connects(SIX_A, six);
      assertEquals(8_000, now(), "five seconds for the address, three to connect");
      takes(SIX_A, ofDays(1));
      var four = ConnectOptions.defaults().withResolver(slow(ofSeconds(1), SIX_A, FOUR_A));
      connects(FOUR_A, four);
      assertEquals(8_000 + 1_000 + 250 + 1_000 + 10, now());
    });
  }

  @Test
  void addressesThatComeOneByOneAllFail() throws Exception {
    run(() -> {
      var options = ConnectOptions.defaults().withResolver(slow(ZERO, SIX_A, FOUR_A));
      var e =
          assertThrows(ConnectException.class, () -> openConnection("host.example", PORT, options));
      assertContains(e.getMessage(), "2001:db8:0:0:0:0:0:a", "192.0.2.1", "Connection refused");
      var none = ConnectOptions.defaults().withResolver(slow(ZERO));
      assertThrows(UnknownHostException.class, () -> openConnection("host.example", PORT, none));
      var empty = ConnectOptions.defaults().withResolver(host -> List.of());
      assertContains(
          assertThrows(
                  UnknownHostException.class, () -> openConnection("host.example", PORT, empty))
              .getMessage(),
          "host.example:80");
    });
  }

  @Test
  void theOnlyAddressOfASlowResolverMayBeSlowAndFail() throws Exception {
    run(() -> {
      takes(SIX_A, ofSeconds(30)); // and then it refuses
      var options = ConnectOptions.defaults().withResolver(slow(ZERO, SIX_A));
      var e =
          assertThrows(ConnectException.class, () -> openConnection("host.example", PORT, options));
      assertContains(e.getMessage(), "2001:db8:0:0:0:0:0:a", "Connection refused");
    });
  }

  @Test
  @Covers({
    "test_base_events.BaseEventLoopWithSelectorTests.create_connection_no_local_addr",
    "test_events.EventLoopTestsMixin.create_connection_local_addr_skip_different_family",
    "test_events.EventLoopTestsMixin.create_connection_local_addr_nomatch_family"
  })
  void aLocalAddressLeavesTheOtherFamilyOut() throws Exception {
    run(() -> {
      listens(FOUR_A);
      takes(SIX_A, ofDays(1));
      var local = new InetSocketAddress(InetAddress.ofLiteral("192.0.2.77"), 0);
      connects(FOUR_A, to(SIX_A, FOUR_A).withLocalAddress(local));
      assertEquals(0, now());
      assertContains(
          assertThrows(
                  SocketException.class,
                  () -> openConnection("host.example", PORT, to(SIX_A).withLocalAddress(local)))
              .getMessage(),
          "192.0.2.77");
      assertThrows(
          IllegalArgumentException.class,
          () -> ConnectOptions.defaults()
              .withLocalAddress(InetSocketAddress.createUnresolved("x", 0)));
    });
  }

  @Test
  void theLoopsResolverIsAsked() throws Exception {
    run(() -> {
      listens(FOUR_A);
      runningLoop().setResolver(host -> {
        order.add(host);
        return List.of(FOUR_A);
      });
      connects(FOUR_A, ConnectOptions.defaults());
      assertEquals(List.of(FOUR_A), asyncio.Asyncio.resolve("other.example"));
      assertEquals(List.of(SIX_A), asyncio.Asyncio.resolve("2001:db8::a"));
      assertTrue(asyncio.Asyncio.resolve("LocalHost").getFirst().isLoopbackAddress());
      order.assertIs("host.example", "other.example");
    });
  }
}
