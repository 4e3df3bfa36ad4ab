package asyncio.internal.engine;

import asyncio.internal.scheduler.Scheduler;
import java.io.IOException;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.io.TempDir;

class NioEngineTest {
  @Nested
  class OverTcp extends EngineContract {
    @Override
    Engine open(Scheduler scheduler) throws IOException {
      return NioEngine.open(scheduler);
    }
  }

  @Nested
  class OverUnixSockets extends EngineContract {
    @TempDir
    Path folder;

    private int sockets;

    @Override
    Engine open(Scheduler scheduler) throws IOException {
      return NioEngine.open(scheduler);
    }

    @Override
    SocketAddress newAddress() {
      return UnixDomainSocketAddress.of(folder.resolve("socket" + ++sockets));
    }

    @Override
    boolean hasResets() {
      return false;
    }

    @Override
    void release(SocketAddress address) throws IOException {
      Files.delete(((UnixDomainSocketAddress) address).getPath());
    }
  }
}
