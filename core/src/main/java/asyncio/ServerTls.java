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
 * TLS for the side that is connected to: {@link ServerOptions#withTls}, {@link
 * Connection#startTls(ServerTls)}. Immutable: each {@code with…} method returns changed settings.
 *
 * <p>TLS 1.3 and 1.2 are spoken, with ciphers that are not known to be weak. A client can't begin
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
   * Serves with certificates. A client gets the one for the host name that it asks for (SNI); one that
   * asks for another name, or for none, gets the first.
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
      throw new IllegalArgumentException("One identity is needed at least: TlsIdentity.load(chain,"
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
   * Wants a certificate of each client, signed by one of these; {@link TlsSession#peerCertificates}
   * tells who it is.
   *
   * @throws IllegalStateException if these settings are made of an SSLContext, whose trust is its own;
   *     there, use {@link #withOptionalClients}
   */
  public ServerTls withClientTrust(TlsTrust trust) {
    if (context.isGiven()) {
      throw new IllegalStateException(
          "withClientTrust() can't change an SSLContext, which has a trust"
              + " of its own. Set it there, and say withOptionalClients(false), or begin with"
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
   * Sets whether clients without a certificate are served, too; one that is not trusted is refused all
   * the same.
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
   * Sets the names of application protocols to accept (ALPN), the preferred one first. Clients that
   * offer none of them are refused; clients that offer nothing are served.
   */
  public ServerTls withAlpn(String... names) {
    return with(parameters.withAlpn(names));
  }

  /**
   * Sets whether clients are refused that ask for a host of which there is no certificate; those that
   * ask for none get the first certificate.
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
   * Sets whether a client may end the stream without a close-notify. Otherwise that is an error, as
   * somebody between may have cut off the rest.
   */
  public ServerTls withUncleanEnd(boolean allowed) {
    return with(parameters.withUncleanEnd(allowed));
  }

  /** Sets the versions: "TLSv1.3", "TLSv1.2" or both. */
  public ServerTls withProtocols(String... versions) {
    return with(parameters.withProtocols(versions));
  }

  /** Sets how long a handshake may take; 60 s by default. Then the connection is closed. */
  public ServerTls withHandshakeTimeout(Duration limit) {
    return with(parameters.withHandshakeTimeout(Objects.requireNonNull(limit, "limit")));
  }

  /**
   * Sets how long a {@link Connection#close} waits for the peer to end as well; 5 s by default. With
   * zero, the connection is closed as soon as everything is sent.
   */
  public ServerTls withShutdownTimeout(Duration limit) {
    return with(parameters.withShutdownTimeout(Objects.requireNonNull(limit, "limit")));
  }

  TlsSetup setup() {
    return TlsSetup.server(context, parameters, clientCertificates, strictNames);
  }
}
