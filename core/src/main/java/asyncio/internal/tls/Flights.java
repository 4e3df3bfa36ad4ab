package asyncio.internal.tls;

import asyncio.TlsSession;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.ExtendedSSLSession;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SNIServerName;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLEngineResult.Status;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;

/**
 * The computing part of a handshake, message by message. One thread at a time: a helper, as a
 * signature takes a millisecond, and the first handshake of a JVM most of a second.
 */
final class Flights {
  private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

  /** A handshake sends no data, so nothing ever comes out here. */
  private static final int NO_DATA = 64 * 1024;

  private final Maker maker;
  private final boolean checksValidity;
  private @Nullable SSLEngine engine;

  /** In milliseconds, as sessions know when they were created. */
  private long began;

  /** Makes an engine; the first time, this loads keys and trusted certificates. */
  interface Maker {
    SSLEngine make() throws IOException;
  }

  /**
   * What came of messages of the peer.
   *
   * @param output what has to be sent, also of a handshake that failed
   * @param consumed how many bytes of the input were used up
   * @param session what was agreed on; null while the handshake is not done
   * @param failure why it failed; null while it has not
   */
  record Flight(
      ByteBuffer output,
      int consumed,
      @Nullable TlsSession session,
      @Nullable Exception failure) {}

  /**
   * Creates a handshake that has not begun.
   *
   * @param checksValidity whether a certificate that is trusted itself must not have expired
   */
  Flights(Maker maker, boolean checksValidity) {
    this.maker = maker;
    this.checksValidity = checksValidity;
  }

  /** Returns the engine of a handshake that is done. */
  SSLEngine engine() throws IOException {
    SSLEngine made = engine;
    if (made == null) {
      began = System.currentTimeMillis();
      made = maker.make();
      engine = made;
      made.beginHandshake();
    }
    return made;
  }

  /** Goes on with the handshake until it is done or needs more from the peer. */
  Flight next(byte[] input) {
    var in = ByteBuffer.wrap(input);
    var output = new ByteArrayOutputStream();
    try {
      SSLEngine now = engine();
      boolean done = advance(now, in, output);
      if (done && checksValidity) {
        checkValidity(now.getSession());
      }
      return new Flight(
          ByteBuffer.wrap(output.toByteArray()), in.position(), done ? session(now) : null, null);
    } catch (IOException | RuntimeException failure) {
      tellPeerWhy(output);
      return new Flight(ByteBuffer.wrap(output.toByteArray()), in.position(), null, failure);
    }
  }

  /** The JDK does not look at a certificate that is trusted itself. */
  private static void checkValidity(SSLSession session) throws SSLHandshakeException {
    List<X509Certificate> chain = peerCertificates(session);
    try {
      if (!chain.isEmpty()) {
        chain.getFirst().checkValidity();
      }
    } catch (CertificateException notValid) {
      var failure = new SSLHandshakeException(notValid.getMessage());
      failure.initCause(notValid);
      throw failure;
    }
  }

  private static boolean advance(SSLEngine engine, ByteBuffer in, ByteArrayOutputStream output)
      throws SSLException {
    ByteBuffer data = ByteBuffer.allocate(NO_DATA);
    while (true) {
      switch (engine.getHandshakeStatus()) {
        case NEED_TASK -> {
          for (Runnable task = engine.getDelegatedTask();
              task != null;
              task = engine.getDelegatedTask()) {
            task.run();
          }
        }
        case NEED_WRAP -> {
          SSLEngineResult result = wrap(engine, output);
          if (result.getStatus() == Status.CLOSED) {
            throw new SSLException("the peer ended the handshake");
          }
        }
        case NEED_UNWRAP, NEED_UNWRAP_AGAIN -> {
          SSLEngineResult result = engine.unwrap(in, data);
          if (result.getStatus() == Status.BUFFER_UNDERFLOW) {
            return false;
          }
          if (result.getStatus() == Status.CLOSED) {
            throw new SSLException("the peer ended the handshake with a close-notify");
          }
        }
        case FINISHED, NOT_HANDSHAKING -> {
          return true;
        }
      }
    }
  }

  private static SSLEngineResult wrap(SSLEngine engine, ByteArrayOutputStream output)
      throws SSLException {
    var record = ByteBuffer.allocate(engine.getSession().getPacketBufferSize());
    SSLEngineResult result = engine.wrap(NOTHING, record);
    output.write(record.array(), 0, record.position());
    return result;
  }

  private void tellPeerWhy(ByteArrayOutputStream output) {
    SSLEngine made = engine;
    try {
      while (made != null && made.getHandshakeStatus() == HandshakeStatus.NEED_WRAP) {
        if (wrap(made, output).bytesProduced() == 0) {
          return;
        }
      }
    } catch (SSLException | RuntimeException nothingToSay) {
      // The first failure counts.
    }
  }

  private TlsSession session(SSLEngine engine) {
    SSLSession session = engine.getSession();
    String alpn = engine.getApplicationProtocol();
    return new TlsSession(
        session.getProtocol(),
        session.getCipherSuite(),
        alpn == null || alpn.isEmpty() ? null : alpn,
        serverName(session),
        peerCertificates(session),
        session.getCreationTime() < began,
        session);
  }

  private static @Nullable String serverName(SSLSession session) {
    if (session instanceof ExtendedSSLSession extended) {
      try {
        for (SNIServerName name : extended.getRequestedServerNames()) {
          if (name instanceof SNIHostName host) {
            return host.getAsciiName();
          }
        }
      } catch (UnsupportedOperationException notTold) {
        return null;
      }
    }
    return null;
  }

  private static List<X509Certificate> peerCertificates(SSLSession session) {
    List<X509Certificate> chain = new ArrayList<>();
    try {
      for (Certificate one : session.getPeerCertificates()) {
        if (one instanceof X509Certificate certificate) {
          chain.add(certificate);
        }
      }
    } catch (SSLPeerUnverifiedException none) {
      // a client without one
    }
    return List.copyOf(chain);
  }
}
