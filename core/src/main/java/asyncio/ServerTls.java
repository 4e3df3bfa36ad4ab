package asyncio;

import asyncio.internal.tls.Identity;
import asyncio.internal.tls.TlsContext;
import asyncio.internal.tls.TlsParameters;
import asyncio.internal.tls.TlsSetup;
import asyncio.internal.tls.TlsSetup.ClientCertificates;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import javax.net.ssl.SSLContext;

/**
 * TLS for servers: {@link ServerOptions#withTls}, {@link
 * Connection#startTls(ServerTls)}. Immutable: each {@code with…} method returns changed settings.
 *
 * <p>TLS 1.3 and 1.2 are spoken, with strong ciphers only. A client can't begin
 * another handshake on a connection (renegotiation).
 */
public final class ServerTls {
  private final TlsContext context;
  final TlsParameters parameters;
  private final ClientCertificates clientCertificates;
  private final boolean strictNames;

  private ServerTls(
      TlsContext context,
      TlsParameters parameters,
      ClientCertificates clientCertificates,
      boolean strictNames) {
    this.context = context;
    this.parameters = parameters;
    this.clientCertificates = clientCertificates;
    this.strictNames = strictNames;
  }

  private ServerTls with(TlsParameters changed) {
    return new ServerTls(context, changed, clientCertificates, strictNames);
  }

  /**
   * Serves with these identities. A client gets the one for the host name that it asks for (SNI),
   * or the first if none matches or it asks for none.
   */
  public static ServerTls of(TlsIdentity... identities) {
    return new ServerTls(
        TlsContext.of(identities(identities), null),
        TlsParameters.DEFAULTS,
        ClientCertificates.NONE,
        false);
  }

  static List<Identity> identities(TlsIdentity... identities) {
    if (identities.length == 0) {
      throw new IllegalArgumentException("At least one identity is needed: TlsIdentity.load(chain,"
          + " key), or TlsIdentity.selfSigned(\"localhost\") for tests.");
    }
    return Arrays.stream(identities).map(identity -> identity.identity).toList();
  }

  /** Uses an SSLContext, as it is: with its keys, its trust, and its ciphers. */
  public static ServerTls of(SSLContext context) {
    return new ServerTls(
        TlsContext.of(Objects.requireNonNull(context, "context")),
        TlsParameters.DEFAULTS,
        ClientCertificates.NONE,
        false);
  }

  /**
   * Requires of each client a certificate signed by one of these authorities; {@link
   * TlsSession#peerCertificates} has it.
   *
   * @throws IllegalStateException if these settings were made from an SSLContext, whose trust is
   * its own;
   *     there, use {@link #withOptionalClients}
   */
  public ServerTls withClientTrust(TlsTrust trust) {
    if (context.isGiven()) {
      throw new IllegalStateException(
          "withClientTrust() can't change an SSLContext, which has a trust"
              + " of its own. Set it there and call withOptionalClients(false), or begin with"
              + " ServerTls.of(TlsIdentity...).");
    }
    return new ServerTls(
        TlsContext.of(context.identities(), trust.trust),
        parameters,
        clientCertificates == ClientCertificates.OPTIONAL
            ? clientCertificates
            : ClientCertificates.REQUIRED,
        strictNames);
  }

  /**
   * Sets whether clients without a certificate are also served; one that is not trusted is still
   * refused. With an SSLContext, false requires a certificate.
   *
   * @throws IllegalStateException if it is not known whom to trust: see {@link #withClientTrust}
   */
  public ServerTls withOptionalClients(boolean optional) {
    if (!context.isGiven() && context.trust() == null) {
      throw new IllegalStateException(
          "withOptionalClients() needs to know whom to trust: call withClientTrust() first.");
    }
    return new ServerTls(
        context,
        parameters,
        optional ? ClientCertificates.OPTIONAL : ClientCertificates.REQUIRED,
        strictNames);
  }

  /**
   * Sets the names of application protocols to accept (ALPN), the preferred one first. A client
   * that offers names but none of these is refused; one that offers no ALPN is served.
   */
  public ServerTls withAlpn(String... names) {
    return with(parameters.withAlpn(names));
  }

  /**
   * Sets whether to refuse clients that ask for a host for which there is no certificate. Clients
   * that name no host get the first one.
   *
   * @throws IllegalStateException if these settings were made from an SSLContext
   */
  public ServerTls withStrictNames(boolean on) {
    if (context.isGiven()) {
      throw new IllegalStateException("withStrictNames() can't look into an SSLContext. Set SNI"
          + " matchers there, or begin with ServerTls.of(TlsIdentity...).");
    }
    return new ServerTls(context, parameters, clientCertificates, on);
  }

  /**
   * Sets whether a client may end the stream without a close-notify. If not, that is an error,
   * because an attacker may have cut off the rest.
   */
  public ServerTls withUncleanEnd(boolean allowed) {
    return with(parameters.withUncleanEnd(allowed));
  }

  /** Sets the TLS versions to allow: "TLSv1.3", "TLSv1.2" or both. */
  public ServerTls withProtocols(String... versions) {
    return with(parameters.withProtocols(versions));
  }

  /** Sets how long a handshake may take; 60 s by default. Then the connection is closed. */
  public ServerTls withHandshakeTimeout(Duration limit) {
    return with(parameters.withHandshakeTimeout(Objects.requireNonNull(limit, "limit")));
  }

  /**
   * Sets how long a {@link Connection#close} waits for the peer to end as well; 5 s by default.
   * With
   * zero, the connection is closed as soon as everything is sent.
   */
  public ServerTls withShutdownTimeout(Duration limit) {
    return with(parameters.withShutdownTimeout(Objects.requireNonNull(limit, "limit")));
  }

  TlsSetup setup() {
    return TlsSetup.server(context, parameters, clientCertificates, strictNames);
  }
}
