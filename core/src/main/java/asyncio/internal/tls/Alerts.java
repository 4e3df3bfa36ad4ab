package asyncio.internal.tls;

import java.util.Map;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/** What a peer says in an alert (RFC 8446, section 6.2), and what that mostly means. */
final class Alerts {
  private static final String RECEIVED = "Received fatal alert: ";

  private static final Map<String, String> MEANINGS = Map.ofEntries(
      Map.entry(
          "handshake_failure",
          "the two sides have no version or cipher suite in common, the"
              + " server has no certificate for this name, or it requires a client certificate"),
      Map.entry("protocol_version", "the two sides have no version of TLS in common"),
      Map.entry("insufficient_security", "it wants stronger ciphers"),
      Map.entry("unknown_ca", "it does not trust whoever signed this side's certificate"),
      Map.entry("bad_certificate", "it does not accept this side's certificate"),
      Map.entry(
          "certificate_unknown",
          "it does not accept this side's certificate: it may not trust the signer, or it may"
              + " expect another name"),
      Map.entry("certificate_expired", "this side's certificate has expired"),
      Map.entry("certificate_revoked", "this side's certificate was revoked"),
      Map.entry("unsupported_certificate", "it can't use this side's certificate"),
      Map.entry("certificate_required", "it requires a client certificate: use withIdentity()"),
      Map.entry("no_application_protocol", "the two sides have no ALPN name in common"),
      Map.entry("unrecognized_name", "it does not serve that host name"),
      Map.entry("access_denied", "it denies this side access"));

  private Alerts() {}

  /** Returns why the peer refused; null if the failure is no alert of the peer. */
  static @Nullable String reason(@Nullable String message) {
    int at = message == null ? -1 : message.indexOf(RECEIVED);
    if (message == null || at < 0) {
      return null;
    }
    String alert = message.substring(at + RECEIVED.length());
    String meaning = MEANINGS.get(alert);
    return "the peer refused it (" + alert + ")" + (meaning == null ? "" : ": " + meaning);
  }

  /** Returns a failure that says what an alert means. */
  static SSLException explained(SSLException failure) {
    String reason = reason(failure.getMessage());
    return reason == null ? failure : new SSLException(reason, failure);
  }
}
