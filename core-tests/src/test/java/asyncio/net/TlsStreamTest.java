package asyncio.net;

import static asyncio.Asyncio.createTask;

import asyncio.ClientTls;
import asyncio.ConnectOptions;
import asyncio.ConnectionPair;
import asyncio.ServerTls;
import asyncio.support.Authority;
import java.io.IOException;
import org.junit.jupiter.api.Nested;

/** TLS over each kind of connection is a connection. */
class TlsStreamTest {
  private static final Authority AUTHORITY = Authority.root("the test's");
  private static final ServerTls SERVER = ServerTls.of(AUTHORITY.issue("localhost"));
  private static final ClientTls CLIENT =
      ClientTls.defaults().withTrust(AUTHORITY.trust()).withServerName("localhost");

  /** Begins TLS on both ends. */
  private static ConnectionPair tls(ConnectionPair pair) throws IOException {
    var serving = createTask(() -> pair.other().startTls(SERVER));
    pair.one().startTls(CLIENT);
    serving.await();
    return pair;
  }

  @Nested
  class OverTcp extends TcpStreamTest {
    @Override
    ConnectionPair open(ConnectOptions options) throws IOException {
      return tls(super.open(options));
    }
  }

  @Nested
  class OverUnixSockets extends UnixStreamTest {
    @Override
    boolean tellsResets() {
      return true;
    }

    @Override
    ConnectionPair open(ConnectOptions options) throws IOException {
      return tls(super.open(options));
    }
  }

  @Nested
  class InMemory extends MemoryStreamTest {
    @Override
    ConnectionPair open(ConnectOptions options) {
      try {
        return tls(super.open(options));
      } catch (IOException e) {
        throw new AssertionError(e);
      }
    }
  }

  @Nested
  class OverTls extends MemoryStreamTest {
    @Override
    ConnectionPair open(ConnectOptions options) {
      try {
        return tls(tls(super.open(options)));
      } catch (IOException e) {
        throw new AssertionError(e);
      }
    }
  }
}
