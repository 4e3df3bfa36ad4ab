package asyncio.loop;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.openConnection;
import static asyncio.Asyncio.yieldNow;
import static java.time.Duration.ofSeconds;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.Asyncio;
import asyncio.TaskGroup;
import asyncio.support.ChildJvm;
import asyncio.support.Only;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * The JDK's socket pollers must not be virtual threads that our loop has captured (experiments W5,
 * W7).
 */
class PollerTest {
  @Test
  void pollersAreThreadsOfTheirOwnAndOutliveALoop() throws Exception {
    Only.mounted("on the portable carrier the JDK schedules all virtual threads");
    Asyncio.run(() -> {
      try (var socket = new DatagramSocket(0, InetAddress.getLoopbackAddress())) {
        var receiving = createTask(() -> socket.receive(new DatagramPacket(new byte[1], 1)));
        yieldNow(); // it waits, so the read poller is there now
        socket.send(new DatagramPacket(new byte[1], 1, socket.getLocalSocketAddress()));
        receiving.await();
      }
    });
    assertEquals("1", System.getProperty("jdk.pollerMode"));
    List<String> pollers = Thread.getAllStackTraces().keySet().stream()
        .map(Thread::getName)
        .filter(name -> name.contains("Poller"))
        .toList();
    assertTrue(pollers.contains("Read-Poller"), pollers::toString);
    assertTrue(pollers.stream().noneMatch(name -> name.startsWith("SubPoller")), pollers::toString);

    try (var server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        var client = new Socket(server.getInetAddress(), server.getLocalPort());
        var peer = server.accept()) {
      int[] read = new int[1];
      Thread stranger = Thread.startVirtualThread(() -> {
        try {
          read[0] = client.getInputStream().read();
        } catch (java.io.IOException e) {
          read[0] = -2;
        }
      });
      while (stranger.getState() != Thread.State.WAITING) {
        Thread.onSpinWait();
      }
      peer.getOutputStream().write(5);
      assertTrue(stranger.join(ofSeconds(10)));
      assertEquals(5, read[0]);
    }
  }

  static final class TellsThePollerMode {
    public static void main(String[] arguments) {
      Asyncio.run(() -> System.out.println(System.getProperty("jdk.pollerMode")));
    }
  }

  private static void pollerModeIs(String expected, String... options) throws Exception {
    try (var child = new ChildJvm(TellsThePollerMode.class, options)) {
      child.assertExitCode(0);
      assertEquals(List.of(expected), child.lines());
    }
  }

  @Test
  void theMountedCarrierChoosesPlatformThreadsAsPollers() throws Exception {
    Only.mounted("only this carrier could capture the JDK's pollers");
    pollerModeIs("1");
  }

  @Test
  void whoChoseAPollerModeKeepsIt() throws Exception {
    pollerModeIs("2", "-Djdk.pollerMode=2");
  }

  @Test
  void thePortableCarrierLeavesThePollersAlone() throws Exception {
    Only.portable("the mounted carrier needs them to be platform threads");
    pollerModeIs("null");
  }

  static final class ConnectsFirstOfAll {
    private static final int CLIENTS = 50;

    public static void main(String[] arguments) throws Exception {
      try (var listener = new ServerSocket(0, CLIENTS, InetAddress.getLoopbackAddress())) {
        var clients = new TaskGroup();
        Asyncio.run(() -> clients.run(() -> {
          for (int i = 0; i < CLIENTS; i++) {
            clients.createTask(
                () -> openConnection("127.0.0.1", listener.getLocalPort()).close());
          }
        }));
        System.out.println("all connected");
      }
    }
  }

  @Test
  void coroutinesThatAllConnectFirstShareOneEngine() throws Exception {
    try (var child = new ChildJvm(ConnectsFirstOfAll.class)) {
      child.assertExitCode(0);
      assertEquals(List.of("all connected"), child.lines());
    }
  }
}
