package asyncio.net;

import static asyncio.Asyncio.openConnection;
import static asyncio.Asyncio.startServer;
import static asyncio.net.Loopback.inet;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import asyncio.Server;
import asyncio.conformance.Covers;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import org.junit.jupiter.api.Timeout;

/** Which clients a server takes: IPv4, IPv6, or both. */
@Timeout(50)
class FamilyTest {
  private static void requireIpv6() {
    try (var _ = new ServerSocket(0, 1, InetAddress.getByName("::1"))) {
      return;
    } catch (IOException none) {
      assumeTrue(false, "this machine has no IPv6: " + none.getMessage());
    }
  }

  private static String greeting(String host, Server server) throws IOException {
    try (var client = openConnection(host, server.port())) {
      return client.reader().readLine();
    }
  }

  private static Server start(String host) throws IOException {
    return startServer(client -> client.writer().write("hello\n"), host, 0);
  }

  @NetTest
  void theWildcardOfIpv4TakesIpv4Alone() throws Exception {
    requireIpv6();
    try (var server = start("0.0.0.0")) {
      assertEquals("hello", greeting("127.0.0.1", server));
      assertThrows(ConnectException.class, () -> greeting("::1", server));
      assertEquals("0.0.0.0", inet(server.addresses().getFirst()).getAddress().getHostAddress());
    }
  }

  @NetTest
  @Covers({
    "test_base_events.BaseEventLoopWithSelectorTests.create_server_empty_host",
    "test_events.EventLoopTestsMixin.create_server_dual_stack"
  })
  void noHostMeansBothFamilies() throws Exception {
    try (var empty = start("");
        var none = start(null)) {
      assertEquals("hello", greeting("127.0.0.1", empty));
      assertEquals("hello", greeting("127.0.0.1", none));
      requireIpv6();
      assertEquals("hello", greeting("::1", empty));
      assertEquals("hello", greeting("::1", none));
    }
  }

  @NetTest
  void theWildcardOfIpv6TakesBoth() throws Exception {
    requireIpv6();
    try (var server = start("::")) {
      assertEquals("hello", greeting("::1", server));
      assertEquals("hello", greeting("127.0.0.1", server));
    }
  }

  @NetTest
  @Covers("test_base_events.BaseEventLoopWithSelectorTests.create_server_ipv6")
  void anAddressTakesItsOwnFamilyAlone() throws Exception {
    requireIpv6();
    try (var four = start("127.0.0.1");
        var six = start("::1")) {
      assertThrows(ConnectException.class, () -> greeting("::1", four));
      assertThrows(ConnectException.class, () -> greeting("127.0.0.1", six));
    }
  }
}
