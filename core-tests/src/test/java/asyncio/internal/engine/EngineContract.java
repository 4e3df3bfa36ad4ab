package asyncio.internal.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import asyncio.Asyncio;
import asyncio.CancelledError;
import asyncio.Task;
import asyncio.internal.scheduler.Current;
import java.io.IOException;
import java.net.BindException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.channels.ClosedChannelException;
import java.util.ArrayList;
import org.junit.jupiter.api.Test;

/** What every {@link Engine} does. A subclass says which. */
abstract class EngineContract extends HandleContract {
  private static final SocketSettings SETTINGS = new SocketSettings(true, false, null);
  private static final ListenSettings LISTEN = new ListenSettings(10, true);

  /** An address that nobody listens on. */
  SocketAddress newAddress() throws IOException {
    return new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0);
  }

  /** Makes an address that was listened on free again. */
  void release(SocketAddress address) throws IOException {}

  private static Engine engine() throws IOException {
    return Engine.of(Current.requireTask("a test").scheduler());
  }

  private ListenHandle listen() throws IOException {
    return engine().listen(newAddress(), LISTEN);
  }

  @Override
  Ends connect() throws IOException {
    ListenHandle listener = listen();
    StreamHandle client = engine().connect(listener.localAddress(), SETTINGS);
    StreamHandle server = engine().attach(listener.accept(), SETTINGS);
    listener.close();
    return new Ends(client, server);
  }

  // ---- connecting ----

  @Test
  void aConnectionHasTwoEndsThatKnowEachOther() throws IOException {
    run(() -> {
      ListenHandle listener = listen();
      StreamHandle client = engine().connect(listener.localAddress(), SETTINGS);
      Accepted accepted = listener.accept();
      assertEquals(client.localAddress(), accepted.remoteAddress());
      StreamHandle server = engine().attach(accepted, SETTINGS);
      assertEquals(listener.localAddress(), client.remoteAddress());
      assertEquals(listener.localAddress(), server.localAddress());
      assertEquals(client.localAddress(), server.remoteAddress());
      client.close();
      server.close();
      listener.close();
      assertEquals(0, engine().openHandles());
    });
  }

  @Test
  void anAddressWithoutAListenerRefuses() throws IOException {
    run(() -> {
      ListenHandle listener = listen();
      SocketAddress address = listener.localAddress();
      listener.close();
      assertInstanceOf(
          ConnectException.class,
          assertThrows(IOException.class, () -> engine().connect(address, SETTINGS)));
      assertEquals(0, engine().openHandles());
    });
  }

  @Test
  void anAddressIsListenedOnOnce() throws IOException {
    run(() -> {
      ListenHandle listener = listen();
      assertThrows(BindException.class, () -> engine().listen(listener.localAddress(), LISTEN));
      listener.close();
      release(listener.localAddress());
      engine().listen(listener.localAddress(), LISTEN).close();
    });
  }

  @Test
  void acceptWaitsForAClient() throws IOException {
    run(() -> {
      ListenHandle listener = listen();
      Task<Accepted> accepting = started(Asyncio.createTask(listener::accept));
      StreamHandle client = engine().connect(listener.localAddress(), SETTINGS);
      StreamHandle server = engine().attach(accepting.await(), SETTINGS);
      send(server, "welcome");
      assertEquals("welcome", read(client, "welcome"));
      client.close();
      server.close();
      listener.close();
    });
  }

  @Test
  void clientsAreAcceptedInTheirOrder() throws IOException {
    run(() -> {
      ListenHandle listener = listen();
      var clients = new ArrayList<StreamHandle>();
      for (int i = 0; i < 3; i++) {
        clients.add(engine().connect(listener.localAddress(), SETTINGS));
        send(clients.getLast(), "client " + i);
      }
      for (int i = 0; i < 3; i++) {
        StreamHandle server = engine().attach(listener.accept(), SETTINGS);
        assertEquals("client " + i, read(server, "client " + i));
        server.close();
      }
      clients.forEach(StreamHandle::close);
      listener.close();
    });
  }

  @Test
  void aCancelledAcceptLeavesTheClientForTheNextOne() throws IOException {
    run(() -> {
      ListenHandle listener = listen();
      Task<Accepted> accepting = started(Asyncio.createTask(listener::accept));
      accepting.cancel();
      assertThrows(CancelledError.class, accepting::await);
      StreamHandle client = engine().connect(listener.localAddress(), SETTINGS);
      listener.accept().close();
      assertNull(read(client, 1));
      client.close();
      listener.close();
    });
  }

  @Test
  void closingAListenerEndsItsAccept() throws IOException {
    run(() -> {
      ListenHandle listener = listen();
      Task<Accepted> accepting = started(Asyncio.createTask(listener::accept));
      listener.close();
      assertInstanceOf(ClosedChannelException.class, failureOf(accepting));
      assertThrows(ClosedChannelException.class, listener::accept);
    });
  }

  @Test
  void aConnectionThatIsNotAttachedCanBeClosed() throws IOException {
    run(() -> {
      ListenHandle listener = listen();
      StreamHandle client = engine().connect(listener.localAddress(), SETTINGS);
      Accepted accepted = listener.accept();
      accepted.close();
      accepted.close();
      assertNull(read(client, 1));
      client.close();
      listener.close();
    });
  }
}
