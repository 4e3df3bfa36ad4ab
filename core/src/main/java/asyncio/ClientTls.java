package asyncio;

import asyncio.internal.tls.ServerNames;
import asyncio.internal.tls.TlsContext;
import asyncio.internal.tls.TlsParameters;
import asyncio.internal.tls.TlsSetup;
import asyncio.internal.tls.Trust;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/**
 * TLS for clients: {@link ConnectOptions#withTls}, {@link Connection#startTls(ClientTls)}.
 * Immutable: each {@code with…} method returns changed settings.
 *
 * <p>The server's certificate must be signed by an authority that the JVM trusts, and be for the
 * host that was asked for. TLS 1.3 and 1.2 are spoken, with strong ciphers only.
 *
 * <p>Keep one for all connections: those that share their trust and identity resume sessions,
 * which makes handshakes cheaper.
 */
public final class ClientTls {
  private static final ClientTls DEFAULTS =
      new ClientTls(TlsContext.of(List.of(), Trust.SYSTEM), TlsParameters.DEFAULTS, null, true);

  private final TlsContext context;
  final TlsParameters parameters;
  private final @Nullable String serverName;
  private final boolean checksName;

  private ClientTls(
      TlsContext context,
      TlsParameters parameters,
      @Nullable String serverName,
      boolean checksName) {
    this.context = context;
    this.parameters = parameters;
    this.serverName = serverName;
    this.checksName = checksName;
  }

  private ClientTls with(TlsParameters changed) {
    return new ClientTls(context, changed, serverName, checksName);
  }

  /** Returns the defaults: the JVM's authorities, host names checked, no certificate of its own. */
  public static ClientTls defaults() {
    return DEFAULTS;
  }

  /**
   * Uses an SSLContext, as it is: with its keys, its trust, and its ciphers. Host names are still
   * checked.
   */
  public static ClientTls of(SSLContext context) {
    return new ClientTls(
        TlsContext.of(Objects.requireNonNull(context, "context")),
        TlsParameters.DEFAULTS,
        null,
        true);
  }

  /**
   * Sets whom to trust, instead of the JVM's authorities.
   *
   * @throws IllegalStateException if these settings were made from an SSLContext
   */
  public ClientTls withTrust(TlsTrust trust) {
    checkOwn("withTrust()");
    return new ClientTls(
        TlsContext.of(context.identities(), trust.trust), parameters, serverName, checksName);
  }

  /**
   * Sets the identities for servers that ask for a client certificate. Of several, one is used
   * that an authority of the server's has signed, or else the first.
   *
   * @throws IllegalStateException if these settings were made from an SSLContext
   */
  public ClientTls withIdentity(TlsIdentity... identities) {
    checkOwn("withIdentity()");
    return new ClientTls(
        TlsContext.of(ServerTls.identities(identities), context.trust()),
        parameters,
        serverName,
        checksName);
  }

  private void checkOwn(String call) {
    if (context.isGiven()) {
      throw new IllegalStateException(
          call + " can't change an SSLContext, which has keys and trust of"
              + " its own. Set them there, or begin with ClientTls.defaults().");
    }
  }

  /**
   * Sets the names of application protocols to offer (ALPN), the preferred one first: {@code "h2",
   * "http/1.1"}. {@link TlsSession#alpn} tells what the server chose; if it knows none of them,
   * most
   * servers refuse the handshake.
   */
  public ClientTls withAlpn(String... names) {
    return with(parameters.withAlpn(names));
  }

  /**
   * Sets the name to ask for and to check, instead of the host that was connected to: for example
   * where a Unix socket or a tunnel leads to it.
   */
  public ClientTls withServerName(String host) {
    return new ClientTls(context, parameters, ServerNames.normalised(host), checksName);
  }

  /**
   * Sets whether the certificate must be for the host. If not, anybody with a certificate of a
   * trusted authority can pass for the server: turn it off only with a trust of your own, whose
   * authority signs nobody else.
   */
  public ClientTls withHostNameCheck(boolean on) {
    return new ClientTls(context, parameters, serverName, on);
  }

  /**
   * Sets whether the peer may end the stream without a close-notify, as some servers do. If not,
   * that is an error, because an attacker may have cut off the rest.
   */
  public ClientTls withUncleanEnd(boolean allowed) {
    return with(parameters.withUncleanEnd(allowed));
  }

  /** Sets the TLS versions to allow: "TLSv1.3", "TLSv1.2" or both. */
  public ClientTls withProtocols(String... versions) {
    return with(parameters.withProtocols(versions));
  }

  /** Sets how long a handshake may take; 60 s by default. Then the connection is closed. */
  public ClientTls withHandshakeTimeout(Duration limit) {
    return with(parameters.withHandshakeTimeout(Objects.requireNonNull(limit, "limit")));
  }

  /**
   * Sets how long a {@link Connection#close} waits for the peer to end as well; 5 s by default.
   * With
   * zero, the connection is closed as soon as everything is sent.
   */
  public ClientTls withShutdownTimeout(Duration limit) {
    return with(parameters.withShutdownTimeout(Objects.requireNonNull(limit, "limit")));
  }

  /**
   * Returns what a handshake needs to know.
   *
   * @param host what was connected to; null for a Unix socket or a connection in memory
   */
  TlsSetup setup(@Nullable String host, int port) {
    String name = serverName != null || host == null ? serverName : ServerNames.normalised(host);
    if (name == null && checksName) {
      throw new IllegalArgumentException("The server's name can't be checked, because this"
          + " connection is not to a host. Set it with withServerName(), or check only who"
          + " signed the certificate:"
          + " withHostNameCheck(false).");
    }
    return TlsSetup.client(context, parameters, name, port, checksName);
  }
}
