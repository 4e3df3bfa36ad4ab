package asyncio;

import asyncio.internal.tls.Identity;
import asyncio.internal.tls.KeyStores;
import asyncio.internal.tls.Pem;
import asyncio.internal.tls.SelfSigned;
import asyncio.internal.tls.ServerNames;
import asyncio.internal.tls.TlsHelpers;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Who this side is: a private key, its certificate, and the intermediate certificates up to an
 * authority. Immutable.
 *
 * <p>PEM files may be as openssl and certbot write them, with a key in PKCS#8, PKCS#1 or SEC1,
 * plain
 * or encrypted; the certificates come in order, the key's own first.
 */
public final class TlsIdentity {
  /** Larger than any certificate file; so a device or a disk image is not read whole. */
  private static final int MAX_FILE = 16 * 1024 * 1024;

  final Identity identity;

  private TlsIdentity(Identity identity) {
    this.identity = identity;
  }

  /**
   * Loads PEM files: certbot's are {@code fullchain.pem} and {@code privkey.pem}. Both may be the same
   * file.
   *
   * <p><i>Waits</i> in a coroutine, while a helper thread reads them; elsewhere it blocks.
   *
   * <p><i>If cancelled</i>: {@link asyncio.CancelledError}.
   *
   * <p><i>Thread</i>: any, but not a callback of a loop.
   *
   * @throws IOException if a file can't be read, is damaged, or the key is encrypted or belongs to
   *     another certificate
   */
  public static TlsIdentity load(Path chain, Path key) throws IOException {
    return load(chain, key, null);
  }

  /**
   * Loads PEM files whose key is encrypted; see {@link #load(Path, Path)}.
   *
   * <p><i>Waits</i> in a coroutine, while a helper thread reads them; elsewhere it blocks.
   *
   * <p><i>If cancelled</i>: {@link asyncio.CancelledError}.
   *
   * <p><i>Thread</i>: any, but not a callback of a loop.
   *
   * @throws IOException if a file can't be read, is damaged, the password is wrong, or the key
   * belongs
   *     to another certificate
   */
  public static TlsIdentity load(Path chain, Path key, char @Nullable [] password)
      throws IOException {
    return TlsHelpers.call("TlsIdentity.load()", chain + " to be loaded", () -> {
      if (chain.equals(key)) {
        Pem both = Pem.parse(read(chain), chain.toString(), password);
        return of(both, both, chain.toString(), key.toString());
      }
      Pem certificates = Pem.parseCertificates(read(chain), chain.toString());
      Pem keys = Pem.parse(read(key), key.toString(), password);
      return of(certificates, keys, chain.toString(), key.toString());
    });
  }

  /**
   * Loads the only key of a key store: PKCS#12 (.p12, .pfx), or the JDK's own JKS.
   *
   * <p><i>Waits</i> in a coroutine, while a helper thread reads it; elsewhere it blocks.
   *
   * <p><i>If cancelled</i>: {@link asyncio.CancelledError}.
   *
   * <p><i>Thread</i>: any, but not a callback of a loop.
   *
   * @throws IOException if the file can't be read, is damaged, or the password is wrong
   */
  public static TlsIdentity load(Path keyStore, char[] password) throws IOException {
    Objects.requireNonNull(password, "password");
    return TlsHelpers.call(
        "TlsIdentity.load()",
        keyStore + " to be loaded",
        () -> new TlsIdentity(KeyStores.load(keyStore, password)));
  }

  /**
   * Reads PEM text with a private key and its certificates.
   *
   * @throws IOException if it is damaged, or the key is encrypted or belongs to another certificate
   */
  public static TlsIdentity parse(String pem) throws IOException {
    Pem content = Pem.parse(pem, "The PEM text", null);
    return of(content, content, "The PEM text", "The PEM text");
  }

  private static TlsIdentity of(Pem certificates, Pem keys, String chainFrom, String keyFrom)
      throws IOException {
    PrivateKey key = keys.key();
    if (key == null) {
      throw new IOException(keyFrom + " has no private key."
          + (keys.certificates().isEmpty() || chainFrom.equals(keyFrom)
              ? ""
              : " It has a certificate: are the arguments swapped? It is load(chain, key)."));
    }
    return new TlsIdentity(Identity.of(key, certificates.certificates(), chainFrom));
  }

  /** On a helper, or outside a loop. */
  static String read(Path file) throws IOException {
    if (Files.isDirectory(file)) {
      throw new IOException(file + " is a folder, not a PEM file.");
    }
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes(MAX_FILE + 1); // a device has no size
      if (bytes.length > MAX_FILE) {
        throw new IOException(file + " is larger than 16 MiB, so it can't be a PEM file.");
      }
      return new String(bytes, StandardCharsets.ISO_8859_1);
    }
  }

  /**
   * Takes a key, such as one in a hardware module, and its certificates.
   *
   * @param chain the key's certificate first, then each one that signed the one before
   * @throws IOException if the key belongs to another certificate, or they are in another order
   */
  public static TlsIdentity of(PrivateKey key, X509Certificate... chain) throws IOException {
    return new TlsIdentity(Identity.of(key, List.of(chain), "The chain"));
  }

  /**
   * Makes a key and a self-signed certificate, valid for a year: for development and tests. Keep it in a constant. A client trusts it with {@code TlsTrust.of(identity.chain().getFirst())}.
   *
   * <p><i>Waits</i> in a coroutine, about a second, while the JDK's keytool makes it; elsewhere it
   * blocks.
   *
   * <p><i>If cancelled</i>: {@link asyncio.CancelledError}.
   *
   * <p><i>Thread</i>: any, but not a callback of a loop.
   *
   * @param names the names of hosts, or their addresses: {@code "localhost", "127.0.0.1"}
   * @throws IOException if it can't be made, for instance because this Java has no keytool
   */
  public static TlsIdentity selfSigned(String... names) throws IOException {
    if (names.length == 0) {
      throw new IllegalArgumentException(
          "selfSigned() takes the names of the hosts that it is for, such as \"localhost\".");
    }
    List<String> hosts = Arrays.stream(names).map(ServerNames::normalised).toList();
    return TlsHelpers.call(
        "TlsIdentity.selfSigned()",
        "a certificate to be made",
        () -> new TlsIdentity(SelfSigned.make(hosts)));
  }

  /** Returns the certificates, this side's own first. */
  public List<X509Certificate> chain() {
    return identity.chain();
  }

  /** Returns the host names and addresses that the certificate is for. */
  public List<String> names() {
    return identity.names();
  }

  /** Returns when the first of the certificates expires. */
  public Instant expires() {
    return identity.chain().stream()
        .map(certificate -> certificate.getNotAfter().toInstant())
        .min(Instant::compareTo)
        .orElseThrow();
  }

  /** Shows the names, never the key. */
  @Override
  public String toString() {
    return "TlsIdentity" + names();
  }
}
