package asyncio.internal.tls;

import asyncio.internal.util.ByteFifo;
import asyncio.internal.util.Causes;
import java.io.EOFException;
import java.io.IOException;
import java.net.SocketException;
import java.nio.channels.ClosedChannelException;
import java.security.GeneralSecurityException;
import java.security.cert.CertPathBuilderException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.security.cert.CertificateRevokedException;
import java.util.concurrent.atomic.AtomicReference;
import javax.net.ssl.SSLHandshakeException;
import org.jspecify.annotations.Nullable;

/** Why a handshake failed, in words that say what to do. */
final class HandshakeFailures {
  private final String peer;
  private final TlsSetup setup;

  HandshakeFailures(String peer, TlsSetup setup) {
    this.peer = peer;
    this.setup = setup;
  }

  String text(String what) {
    return "The TLS handshake with " + peer + " " + what + ".";
  }

  /** Returns what to throw for a failure inside the engine, after {@code received}. */
  IOException of(Exception failure, ByteFifo received) {
    if (!received.isEmpty() && !Records.looksLikeTls(received)) {
      return failure(
          text("failed: the peer does not speak TLS; it sent '" + Records.shown(received) + "'"
              + (setup.isClient()
                  ? ". Check the port. If the protocol switches to TLS later, connect without"
                      + " it and call startTls()"
                  : "")),
          failure);
    }
    if (failure instanceof TlsSetupException own) {
      return own;
    }
    String reason = certificateReason(failure);
    if (reason == null) {
      reason = alertReason(failure);
    }
    return failure(text("failed: " + (reason == null ? message(failure) : reason)), failure);
  }

  private static SSLHandshakeException failure(String message, Throwable cause) {
    var failure = new SSLHandshakeException(message);
    failure.initCause(cause);
    return failure;
  }

  private static String message(Throwable failure) {
    String message = failure.getMessage();
    return message == null ? failure.getClass().getSimpleName() : message.replaceFirst("\\.+$", "");
  }

  /** Returns what is wrong with the peer's certificate, or null; the innermost cause says it best. */
  private @Nullable String certificateReason(Exception failure) {
    var found = new AtomicReference<@Nullable GeneralSecurityException>();
    Causes.any(failure, cause -> {
      if (cause instanceof GeneralSecurityException one) {
        found.set(one);
      }
      return false;
    });
    return switch (found.get()) {
      case null -> null;
      case CertificateExpiredException expired ->
        "the peer's certificate has expired (" + message(expired) + ")";
      case CertificateNotYetValidException early ->
        "the peer's certificate is not valid yet ("
            + message(early)
            + "). Check the clock of this machine";
      case CertificateRevokedException revoked ->
        "the peer's certificate was revoked by its authority (" + message(revoked) + ")";
      case CertPathBuilderException unknown ->
        "the peer's certificate is not signed by an authority that this side trusts, or the"
            + " peer did not send its intermediate certificates. If the authority is your own,"
            + " pass it to "
            + (setup.isClient() ? "withTrust()" : "withClientTrust()");
      case CertificateException other
      when setup.serverName() != null && message(other).matches("No .*name.*") ->
        "the peer's certificate is not for '"
            + setup.serverName()
            + "': "
            + message(other)
            + ". Connect by a name that it has, or set the expected one with withServerName()";
      default -> "the peer's certificate can't be accepted: " + message(found.get());
    };
  }

  private static @Nullable String alertReason(Exception failure) {
    String message = message(failure);
    if (message.contains("Empty client certificate chain")) {
      return "the client sent no certificate, which withClientTrust() requires;"
          + " withOptionalClients(true) would let it in";
    }
    if (message.contains("No appropriate protocol")) {
      return "the settings of this side leave no TLS version or cipher suite to use";
    }
    return Alerts.reason(message);
  }

  /** Returns what to throw for the end of the stream. */
  IOException ended(ByteFifo received) {
    return failure(
        text("failed: the peer closed the connection during the handshake"
            + (received.isEmpty() && setup.isClient()
                ? ". It may not speak TLS, or it may require another version or a client"
                    + " certificate"
                : "")),
        new EOFException());
  }

  /** Returns what to throw for a connection that was lost. */
  IOException lost(IOException loss) {
    String why = loss instanceof ClosedChannelException
        ? "failed: the connection was closed on this side"
        : "failed: the connection was lost: " + message(loss);
    var failure = new SocketException(text(why));
    failure.initCause(loss);
    return failure;
  }
}
