package asyncio.internal.tls;

import asyncio.TlsSession;
import asyncio.internal.bridge.HelperJob;
import asyncio.internal.engine.StreamHandle;
import asyncio.internal.scheduler.Fiber;
import asyncio.internal.scheduler.Timer;
import asyncio.internal.util.ByteFifo;
import asyncio.internal.util.Durations;
import asyncio.internal.util.Sneaky;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * Begins TLS on a stream. The messages go over the stream, on the loop; what is computed of them,
 * on
 * a helper thread. Loop-confined.
 */
public final class Handshake {
  private static final int CHUNK = 64 * 1024;

  private final Fiber fiber;
  private final StreamHandle below;
  private final TlsSetup setup;
  private final HandshakeFailures failures;
  private final Flights flights;
  private final ByteFifo received = new ByteFifo();
  private final RecordQueue records;
  private boolean begun;
  private boolean timedOut;

  /** What a helper is computing. */
  private @Nullable HelperJob<?> job;

  private final Timer limit = new Timer() {
    @Override
    protected void fire() {
      timedOut = true;
      below.close(); // ends a read
      HelperJob<?> running = job;
      if (running != null) {
        running.giveUp();
      }
    }
  };

  /**
   * What a handshake makes.
   *
   * @param stream the stream of plain text
   * @param session what was agreed on
   */
  public record Done(TlsStream stream, TlsSession session) {}

  private Handshake(Fiber fiber, StreamHandle below, String peer, TlsSetup setup) {
    this.fiber = fiber;
    this.below = below;
    this.setup = setup;
    this.records = new RecordQueue(below);
    this.failures = new HandshakeFailures(peer, setup);
    this.flights = new Flights(setup::engine, setup.checksValidity());
  }

  /**
   * Begins TLS on {@code below}. Suspends. If this fails or is cancelled, the caller closes the stream.
   *
   * @param peer who is at the other end, for messages
   * @param first what has been read from {@code below} already
   */
  public static Done run(Fiber fiber, StreamHandle below, String peer, byte[] first, TlsSetup setup)
      throws IOException {
    var handshake = new Handshake(fiber, below, peer, setup);
    handshake.received.append(first, 0, first.length);
    return handshake.run();
  }

  private Done run() throws IOException {
    var timers = fiber.scheduler().timers();
    Duration timeout = setup.parameters().handshakeTimeout();
    timers.addSleeper(limit, fiber.scheduler().deadline(timeout));
    try {
      return shake();
    } catch (SSLException told) {
      throw told;
    } catch (IOException lost) {
      throw timedOut ? timedOut() : failures.lost(lost);
    } finally {
      timers.removeSleeper(limit);
    }
  }

  private Done shake() throws IOException {
    if (!setup.isClient()) {
      receive();
    }
    while (true) {
      Flights.Flight flight = compute();
      Exception failure = flight.failure();
      if (failure != null) {
        trySend(flight.output());
        throw failures.of(failure, received);
      }
      received.discard(flight.consumed());
      records.send(flight.output());
      TlsSession session = flight.session();
      if (session != null) {
        var stream = new TlsStream(
            fiber.scheduler(), below, flights.engine(), setup.parameters(), records, received);
        return new Done(stream, session);
      }
      receive();
    }
  }

  /** Reads until there is a whole record, unless it was there from the beginning. */
  private void receive() throws IOException {
    if (!begun && Records.hasWhole(received)) {
      return;
    }
    do {
      ByteBuffer came = below.read(CHUNK);
      if (came == null) {
        throw failures.ended(received);
      }
      received.append(came);
    } while (!Records.hasWhole(received));
  }

  private Flights.Flight compute() throws IOException {
    begun = true;
    byte[] input = received.peek(received.size());
    var next = new HelperJob<Flights.Flight>(
        fiber, "a TLS handshake to be computed", () -> flights.next(input));
    job = next;
    try {
      Flights.Flight flight = TlsHelpers.call(next);
      if (timedOut) {
        throw timedOut();
      }
      return flight;
    } catch (HelperJob.GivenUp timeIsUp) {
      throw timedOut();
    } catch (IOException | RuntimeException failure) {
      throw failure;
    } catch (Exception impossible) {
      throw Sneaky.rethrow(impossible);
    } finally {
      job = null;
    }
  }

  private void trySend(ByteBuffer alert) {
    try {
      records.send(alert);
    } catch (IOException gone) {
      // Then the peer need not know why.
    }
  }

  private SocketTimeoutException timedOut() {
    return new SocketTimeoutException(failures.text("did not finish within "
        + Durations.millis(setup.parameters().handshakeTimeout())
        + " ms, so the connection was closed. withHandshakeTimeout() sets the limit"));
  }
}
