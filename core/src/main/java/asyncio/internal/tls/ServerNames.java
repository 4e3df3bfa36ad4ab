package asyncio.internal.tls;

import java.net.IDN;
import java.net.InetAddress;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The names of hosts, in certificates and as clients ask for them. */
public final class ServerNames {
  // Of subjectAltName, RFC 5280, section 4.2.1.6.
  private static final int DNS_NAME = 2;
  private static final int IP_ADDRESS = 7;

  private ServerNames() {}

  /** Returns whether a host is given by its address. */
  static boolean isLiteral(String host) {
    try {
      InetAddress.ofLiteral(host);
      return true;
    } catch (IllegalArgumentException aName) {
      return false;
    }
  }

  /**
   * Returns a host as TLS wants it: in lower case and ASCII, without the dot at the end of a full
   * name or the zone of an address.
   *
   * @throws IllegalArgumentException if no host can be called that
   */
  public static String normalised(String host) {
    if (isLiteral(host)) {
      int zone = host.indexOf('%');
      return zone < 0 ? host : host.substring(0, zone);
    }
    String name = host.endsWith(".") ? host.substring(0, host.length() - 1) : host;
    String ascii;
    try {
      ascii = IDN.toASCII(name, IDN.ALLOW_UNASSIGNED).toLowerCase(Locale.ROOT);
    } catch (IllegalArgumentException wrong) {
      throw noName(host, wrong);
    }
    if (!ascii.matches("[a-z0-9_*-]+(\\.[a-z0-9_-]+)*")) {
      throw noName(host, null);
    }
    return ascii;
  }

  private static IllegalArgumentException noName(String host, @Nullable Throwable cause) {
    return new IllegalArgumentException(
        "A host is named such as \"example.org\" or \"192.0.2.1\", without a scheme or a port;"
            + " got \""
            + host
            + "\".",
        cause);
  }

  /** Returns the names and addresses that a certificate is for. */
  public static List<String> of(X509Certificate certificate) {
    List<String> names = new ArrayList<>();
    try {
      Collection<List<?>> all = certificate.getSubjectAlternativeNames();
      if (all != null) {
        for (List<?> one : all) {
          if (one.get(0) instanceof Integer type
              && (type == DNS_NAME || type == IP_ADDRESS)
              && one.get(1) instanceof String name) {
            names.add(name.toLowerCase(Locale.ROOT));
          }
        }
      }
    } catch (CertificateParsingException without) {
      return List.of();
    }
    return List.copyOf(names);
  }

  /** Returns whether a name of a certificate, which may begin with "*.", is for {@code host}. */
  static boolean matches(String name, String host) {
    String asked = host.toLowerCase(Locale.ROOT);
    if (name.equals(asked)) {
      return true;
    }
    int dot = asked.indexOf('.');
    return name.startsWith("*.") && dot > 0 && name.substring(1).equals(asked.substring(dot));
  }
}
