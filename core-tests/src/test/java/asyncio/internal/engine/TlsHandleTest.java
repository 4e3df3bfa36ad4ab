package asyncio.internal.engine;

import asyncio.Asyncio;
import asyncio.Task;
import asyncio.internal.scheduler.Current;
import asyncio.internal.scheduler.Scheduler;
import asyncio.internal.tls.Handshake;
import asyncio.internal.tls.Identity;
import asyncio.internal.tls.TlsContext;
import asyncio.internal.tls.TlsParameters;
import asyncio.internal.tls.TlsSetup;
import asyncio.internal.tls.TlsSetup.ClientCertificates;
import asyncio.internal.tls.TlsStream;
import asyncio.internal.tls.Trust;
import asyncio.support.Authority;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Nested;

/** TLS over each kind of handle is a handle. */
class TlsHandleTest {
  private static final TlsSetup CLIENT;
  private static final TlsSetup SERVER;

  static {
    Authority authority = Authority.root("the test's");
    Authority.Issued issued = authority.issue().make("localhost");
    try {
      Identity identity = Identity.of(issued.key(), issued.chain(), "the test");
      SERVER = TlsSetup.server(
          TlsContext.of(List.of(identity), null),
          TlsParameters.DEFAULTS,
          ClientCertificates.NONE,
          false);
      CLIENT = TlsSetup.client(
          TlsContext.of(List.of(), new Trust(false, List.of(authority.certificate()))),
          TlsParameters.DEFAULTS,
          "localhost",
          443,
          true);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static TlsStream begin(StreamHandle below, TlsSetup setup) throws IOException {
    var fiber = Current.requireTask("a test");
    return Handshake.run(fiber, below, "the other end", new byte[0], setup).stream();
  }

  private static HandleContract.Ends begin(HandleContract.Ends below) throws IOException {
    Task<TlsStream> serving = Asyncio.createTask(() -> begin(below.server(), SERVER));
    TlsStream client = begin(below.client(), CLIENT);
    return new HandleContract.Ends(client, serving.await());
  }

  /** On the handles of another test. */
  abstract static class Over extends HandleContract {
    private final EngineContract below;

    Over(EngineContract below) {
      this.below = below;
    }

    @Override
    Engine open(Scheduler scheduler) throws IOException {
      return below.open(scheduler);
    }

    @Override
    Ends connect() throws IOException {
      return begin(below.connect());
    }

    @Override
    boolean hasResets() {
      return below.hasResets();
    }
  }

  @Nested
  class OverTcp extends Over {
    OverTcp() {
      super(new NioEngineTest().new OverTcp());
    }
  }

  @Nested
  class InMemory extends Over {
    InMemory() {
      super(new MemoryEngineTest());
    }
  }

  @Nested
  class OverTls extends Over {
    OverTls() {
      super(new NioEngineTest().new OverTcp());
    }

    @Override
    Ends connect() throws IOException {
      return begin(super.connect());
    }
  }
}
