package asyncio.internal.tls;

import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;
import org.jspecify.annotations.Nullable;

/**
 * Whom this side trusts.
 *
 * @param system whether the authorities that the JVM trusts are among them
 * @param roots the certificates of others
 */
public record Trust(boolean system, List<X509Certificate> roots) {
  public static final Trust SYSTEM = new Trust(true, List.of());

  /** Returns a trust in those of both. */
  public Trust and(Trust other) {
    List<X509Certificate> all = new ArrayList<>(roots);
    all.addAll(other.roots);
    return new Trust(system || other.system, List.copyOf(all));
  }

  TrustManager[] managers() throws GeneralSecurityException, IOException {
    if (roots.isEmpty()) {
      return managers(null);
    }
    List<X509Certificate> all = new ArrayList<>(roots);
    if (system) {
      for (TrustManager manager : managers(null)) {
        if (manager instanceof X509TrustManager authorities) {
          all.addAll(List.of(authorities.getAcceptedIssuers()));
        }
      }
    }
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    for (int i = 0; i < all.size(); i++) {
      store.setCertificateEntry("root" + i, all.get(i));
    }
    return managers(store);
  }

  private static TrustManager[] managers(@Nullable KeyStore store) throws GeneralSecurityException {
    var factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    factory.init(store);
    return factory.getTrustManagers();
  }
}
