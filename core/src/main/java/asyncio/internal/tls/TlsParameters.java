package asyncio.internal.tls;

import java.time.Duration;
import java.util.List;

/**
 * What clients and servers have in common. Immutable.
 *
 * @param alpn the names of application protocols, the preferred one first; empty for none
 * @param protocols the versions, such as "TLSv1.3"; empty for those of the SSLContext
 * @param uncleanEnd whether a stream may end without a close-notify
 */
public record TlsParameters(
    List<String> alpn,
    List<String> protocols,
    Duration handshakeTimeout,
    Duration shutdownTimeout,
    boolean uncleanEnd) {
  private static final List<String> SAFE = List.of("TLSv1.3", "TLSv1.2");

  public static final TlsParameters DEFAULTS =
      new TlsParameters(List.of(), List.of(), Duration.ofSeconds(60), Duration.ofSeconds(5), false);

  public TlsParameters withAlpn(String... names) {
    for (String name : names) {
      if (name.isEmpty() || name.length() > 255) {
        throw new IllegalArgumentException(
            "withAlpn() takes names such as \"h2\" or \"http/1.1\", of"
                + " 1 to 255 characters; got \"" + name + "\".");
      }
    }
    return new TlsParameters(
        List.of(names), protocols, handshakeTimeout, shutdownTimeout, uncleanEnd);
  }

  public TlsParameters withProtocols(String... names) {
    List<String> versions = List.of(names);
    for (String version : versions) {
      if (!SAFE.contains(version)) {
        throw new IllegalArgumentException("withProtocols() takes \"TLSv1.3\" and \"TLSv1.2\"; '"
            + version
            + "' is not safe, or unknown. For a peer that has nothing better, make an SSLContext.");
      }
    }
    if (versions.isEmpty()) {
      throw new IllegalArgumentException(
          "withProtocols() takes one of \"TLSv1.3\" and \"TLSv1.2\" at least.");
    }
    return new TlsParameters(alpn, versions, handshakeTimeout, shutdownTimeout, uncleanEnd);
  }

  public TlsParameters withHandshakeTimeout(Duration timeout) {
    if (timeout.isNegative() || timeout.isZero()) {
      throw new IllegalArgumentException(
          "The handshake timeout is a positive duration; got " + timeout + ".");
    }
    return new TlsParameters(alpn, protocols, timeout, shutdownTimeout, uncleanEnd);
  }

  public TlsParameters withShutdownTimeout(Duration timeout) {
    if (timeout.isNegative()) {
      throw new IllegalArgumentException(
          "The shutdown timeout can't be negative; got " + timeout + ".");
    }
    return new TlsParameters(alpn, protocols, handshakeTimeout, timeout, uncleanEnd);
  }

  public TlsParameters withUncleanEnd(boolean allowed) {
    return new TlsParameters(alpn, protocols, handshakeTimeout, shutdownTimeout, allowed);
  }
}
