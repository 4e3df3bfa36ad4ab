package asyncio;

import asyncio.internal.tls.Pem;
import asyncio.internal.tls.TlsHelpers;
import asyncio.internal.tls.Trust;
import java.io.IOException;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.util.List;

/** The authorities whose certificates are trusted. Immutable. */
public final class TlsTrust {
  private static final TlsTrust SYSTEM = new TlsTrust(Trust.SYSTEM);

  final Trust trust;

  private TlsTrust(Trust trust) {
    this.trust = trust;
  }

  /** Trusts the authorities that the JVM trusts: some 150 public ones. The default of clients. */
  public static TlsTrust system() {
    return SYSTEM;
  }

  /**
   * Trusts the authorities in a PEM file, and nobody else.
   *
   * <p><i>Waits</i> in a coroutine, while a helper thread reads the file; elsewhere it blocks.
   *
   * <p><i>If cancelled</i>: {@link asyncio.CancelledError}.
   *
   * <p><i>Thread</i>: any, but not a callback of a loop.
   *
   * @throws IOException if the file can't be read, or has no certificates
   */
  public static TlsTrust load(Path pem) throws IOException {
    return TlsHelpers.call("TlsTrust.load()", pem + " to be loaded", () -> {
      String from = pem.toString();
      Pem content = Pem.parseCertificates(TlsIdentity.read(pem), from);
      if (content.certificates().isEmpty()) {
        throw new IOException(from + " has no certificate, so it would trust nobody.");
      }
      return new TlsTrust(new Trust(false, List.copyOf(content.certificates())));
    });
  }

  /**
   * Trusts these authorities or individual certificates, and nobody else.
   *
   * @throws IllegalArgumentException if there are none
   */
  public static TlsTrust of(X509Certificate... roots) {
    if (roots.length == 0) {
      throw new IllegalArgumentException("TlsTrust.of() takes the certificates of those to trust;"
          + " without any, nobody could be trusted.");
    }
    return new TlsTrust(new Trust(false, List.of(roots)));
  }

  /** Trusts those of {@code other} as well: {@code TlsTrust.system().and(TlsTrust.load(own))}. */
  public TlsTrust and(TlsTrust other) {
    return new TlsTrust(trust.and(other.trust));
  }

  @Override
  public String toString() {
    return "TlsTrust["
        + (trust.system() ? "the JVM's authorities" : "")
        + (trust.system() && !trust.roots().isEmpty() ? " and " : "")
        + (trust.roots().isEmpty() ? "" : trust.roots().size() + " of its own")
        + "]";
  }
}
