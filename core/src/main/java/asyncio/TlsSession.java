package asyncio;

import java.security.cert.X509Certificate;
import java.util.List;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;

/**
 * What the two sides of a TLS connection agreed on; see {@link Connection#tls}.
 *
 * @param protocol the version, such as "TLSv1.3"
 * @param cipherSuite the ciphers, such as "TLS_AES_256_GCM_SHA384"
 * @param alpn the application protocol, such as "h2"; null if none was negotiated
 * @param serverName the host name that the client asked for (SNI); null if it asked for none
 * @param peerCertificates the peer's certificate, and those it sent with it; empty for a client
 *     without one
 * @param resumed whether an earlier session was resumed; then peerCertificates are those of that
 * session
 * @param session the JDK's session, for what is not here
 */
public record TlsSession(
    String protocol,
    String cipherSuite,
    @Nullable String alpn,
    @Nullable String serverName,
    List<X509Certificate> peerCertificates,
    boolean resumed,
    SSLSession session) {
  /** Tells the peer's names instead of its whole certificates. */
  @Override
  public String toString() {
    return "TlsSession["
        + protocol
        + ", "
        + cipherSuite
        + (alpn == null ? "" : ", ALPN " + alpn)
        + (serverName == null ? "" : ", server name " + serverName)
        + (peerCertificates.isEmpty()
            ? ""
            : ", peer '" + peerCertificates.getFirst().getSubjectX500Principal().getName() + "'")
        + (resumed ? ", resumed]" : "]");
  }
}
