package asyncio.internal.tls;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.UnrecoverableKeyException;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** Identities in key stores of the JDK: PKCS#12, and JKS. */
public final class KeyStores {
  private KeyStores() {}

  /** Loads the only key of a key store. */
  public static Identity load(Path file, char[] password) throws IOException {
    try {
      KeyStore store = open(file, password);
      List<String> keys = new ArrayList<>();
      for (String alias : Collections.list(store.aliases())) {
        if (store.isKeyEntry(alias)) {
          keys.add(alias);
        }
      }
      if (keys.size() != 1) {
        throw new IOException(file + " has "
            + (keys.isEmpty()
                ? "no private key."
                : "several private keys: " + keys
                    + ". It must have one; TlsIdentity.of() takes any key."));
      }
      return identity(store, keys.getFirst(), password, file);
    } catch (GeneralSecurityException failure) {
      throw new IOException(file + " can't be used: " + failure.getMessage(), failure);
    }
  }

  private static KeyStore open(Path file, char[] password)
      throws IOException, GeneralSecurityException {
    KeyStore store = KeyStore.getInstance("PKCS12"); // reads JKS as well
    try (InputStream in = Files.newInputStream(file)) {
      store.load(in, password);
      return store;
    } catch (FileSystemException unreadable) {
      throw unreadable;
    } catch (IOException wrong) {
      throw new IOException(
          wrong.getCause() instanceof UnrecoverableKeyException
              ? file + " can't be opened: the password is wrong."
              : file + " is not a PKCS#12 key store: " + wrong.getMessage()
                  + ". PEM files are loaded with TlsIdentity.load(chain, key).",
          wrong);
    }
  }

  private static Identity identity(KeyStore store, String alias, char[] password, Path file)
      throws IOException, GeneralSecurityException {
    List<X509Certificate> chain = new ArrayList<>();
    Certificate[] all = store.getCertificateChain(alias);
    if (all != null) {
      for (Certificate one : all) {
        if (one instanceof X509Certificate certificate) {
          chain.add(certificate);
        }
      }
    }
    if (store.getKey(alias, password) instanceof PrivateKey key) {
      return Identity.of(key, chain, file.toString());
    }
    throw new IOException(file + " has a key that is not a private key: " + alias + ".");
  }
}
