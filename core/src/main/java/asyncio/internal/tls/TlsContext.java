package asyncio.internal.tls;

import java.io.IOException;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import java.util.List;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManager;
import org.jspecify.annotations.Nullable;

/**
 * Keys, trusted authorities, and the sessions that can be resumed. Made once, at the first
 * handshake, on its helper thread.
 */
public final class TlsContext {
  private final List<Identity> identities;
  private final @Nullable Trust trust;

  /** Null until it is made. */
  private volatile @Nullable SSLContext made;

  private final boolean given;

  private TlsContext(List<Identity> identities, @Nullable Trust trust, @Nullable SSLContext given) {
    this.identities = identities;
    this.trust = trust;
    this.made = given;
    this.given = given != null;
  }

  /** Returns one that uses a context of the program, as it is. */
  public static TlsContext of(SSLContext given) {
    return new TlsContext(List.of(), null, given);
  }

  /**
   * Returns one of the library's own.
   *
   * @param trust null for a server that does not look at its clients' certificates
   */
  public static TlsContext of(List<Identity> identities, @Nullable Trust trust) {
    return new TlsContext(identities, trust, null);
  }

  /** Returns whether the program brought an SSLContext. */
  public boolean isGiven() {
    return given;
  }

  public List<Identity> identities() {
    return identities;
  }

  public @Nullable Trust trust() {
    return trust;
  }

  /** Not on a loop: the first call may read files, and takes long. */
  SSLContext sslContext() throws IOException {
    SSLContext context = made;
    if (context == null) {
      synchronized (this) {
        context = made;
        if (context == null) {
          context = make();
          made = context;
        }
      }
    }
    return context;
  }

  private SSLContext make() throws IOException {
    try {
      SSLContext context = SSLContext.getInstance("TLS");
      KeyManager[] keys = identities.isEmpty()
          ? new KeyManager[0]
          : new KeyManager[] {new CertificateChooser(identities)};
      context.init(keys, trust == null ? new TrustManager[0] : trust.managers(), null);
      return context;
    } catch (GeneralSecurityException failure) {
      throw new TlsSetupException("TLS can't be set up: " + failure.getMessage(), failure);
    }
  }

  /**
   * Leaves only ciphers that authenticate what they encrypt, with keys that are forgotten, unless
   * the
   * program brought a context, which says for itself what it wants.
   */
  void strengthen(SSLParameters settings) {
    if (given) {
      return;
    }
    settings.setProtocols(new String[] {"TLSv1.3", "TLSv1.2"});
    settings.setCipherSuites(Arrays.stream(settings.getCipherSuites())
        .filter(TlsContext::isStrong)
        .toArray(String[]::new));
  }

  private static boolean isStrong(String suite) {
    boolean forgets = !suite.contains("_WITH_") // TLS 1.3
        || suite.startsWith("TLS_ECDHE_")
        || suite.startsWith("TLS_DHE_");
    return forgets && (suite.contains("_GCM_") || suite.contains("_CHACHA20_"));
  }
}
