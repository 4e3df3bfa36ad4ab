package asyncio.internal.tls;

import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.util.List;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/**
 * Whom this side trusts.
 *
 * @param roots the certificates of authorities; null for those that the JVM trusts
 */
public record Trust(@Nullable List<X509Certificate> roots) {
  public static final Trust SYSTEM = new Trust(null);

  TrustManager[] managers() throws GeneralSecurityException, IOException {
    var factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    KeyStore store = null;
    if (roots != null) {
      store = KeyStore.getInstance("PKCS12");
      store.load(null, null);
      for (int i = 0; i < roots.size(); i++) {
        store.setCertificateEntry("root" + i, roots.get(i));
      }
    }
    factory.init(store);
    return factory.getTrustManagers();
  }
}
