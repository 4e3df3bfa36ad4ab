package asyncio.bench.echo;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;

/** TCP echo with blocking sockets, a virtual thread of the JDK's own scheduler for each. */
final class ThreadsServer {
  private ThreadsServer() {}

  public static void main(String[] args) throws IOException {
    try (var server = new ServerSocket(0, 4096, InetAddress.getByName("127.0.0.1"))) {
      System.out.println(server.getLocalPort() + " JDK " + Runtime.version());
      while (true) {
        Socket client = server.accept();
        Thread.startVirtualThread(() -> echo(client));
      }
    }
  }

  private static void echo(Socket client) {
    try (client) {
      client.setTcpNoDelay(true);
      byte[] buffer = new byte[32 * 1024];
      var in = client.getInputStream();
      var out = client.getOutputStream();
      for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
        out.write(buffer, 0, count);
      }
    } catch (IOException e) {
      // The client has gone.
    }
  }
}
