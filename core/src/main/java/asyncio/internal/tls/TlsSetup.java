package asyncio.internal.tls;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SNIMatcher;
import javax.net.ssl.SNIServerName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.StandardConstants;
import org.jspecify.annotations.Nullable;

/** What one handshake needs to know. Immutable; its engines are made on a helper thread. */
public final class TlsSetup {
  private final TlsContext context;
  private final TlsParameters parameters;
  private final boolean client;

  /** The name asked for, and checked; null for none. */
  private final @Nullable String serverName;

  private final int port;
  private final boolean checksName;
  private final ClientCertificates clientCertificates;
  private final boolean strictNames;

  /** Whether a server wants certificates of its clients. */
  public enum ClientCertificates {
    NONE,
    OPTIONAL,
    REQUIRED
  }

  private TlsSetup(
      TlsContext context,
      TlsParameters parameters,
      boolean client,
      @Nullable String serverName,
      int port,
      boolean checksName,
      ClientCertificates clientCertificates,
      boolean strictNames) {
    this.context = context;
    this.parameters = parameters;
    this.client = client;
    this.serverName = serverName;
    this.port = port;
    this.checksName = checksName;
    this.clientCertificates = clientCertificates;
    this.strictNames = strictNames;
  }

  /**
   * Returns the setup of a client.
   *
   * @param serverName the host's name or literal address; null where there is none
   * @param port the host's port, as sessions are resumed for a host and port; -1 for none
   */
  public static TlsSetup client(
      TlsContext context,
      TlsParameters parameters,
      @Nullable String serverName,
      int port,
      boolean checksName) {
    return new TlsSetup(
        context, parameters, true, serverName, port, checksName, ClientCertificates.NONE, false);
  }

  /** Returns the setup of a server. */
  public static TlsSetup server(
      TlsContext context,
      TlsParameters parameters,
      ClientCertificates clientCertificates,
      boolean strictNames) {
    return new TlsSetup(
        context, parameters, false, null, -1, false, clientCertificates, strictNames);
  }

  boolean isClient() {
    return client;
  }

  /** An SSLContext of the program decides for itself whom it believes. */
  boolean checksValidity() {
    return !context.isGiven();
  }

  TlsParameters parameters() {
    return parameters;
  }

  @Nullable
  String serverName() {
    return serverName;
  }

  /** Makes an engine; the first one loads keys and trusted certificates. */
  SSLEngine engine() throws IOException {
    SSLContext ssl = context.sslContext();
    SSLEngine engine;
    try {
      engine = serverName == null ? ssl.createSSLEngine() : ssl.createSSLEngine(serverName, port);
    } catch (RuntimeException unusable) {
      throw new TlsSetupException(
          "The SSLContext can't be used: " + unusable.getMessage(), unusable);
    }
    engine.setUseClientMode(client);
    SSLParameters settings = engine.getSSLParameters();
    context.strengthen(settings);
    if (!parameters.protocols().isEmpty()) {
      settings.setProtocols(parameters.protocols().toArray(String[]::new));
    }
    if (!parameters.alpn().isEmpty()) {
      settings.setApplicationProtocols(parameters.alpn().toArray(String[]::new));
    }
    if (client) {
      settings.setServerNames(names());
      settings.setEndpointIdentificationAlgorithm(checksName ? "HTTPS" : "");
    } else {
      settings.setUseCipherSuitesOrder(true);
      switch (clientCertificates) {
        case REQUIRED -> settings.setNeedClientAuth(true);
        case OPTIONAL -> settings.setWantClientAuth(true);
        case NONE -> {}
      }
      if (strictNames) {
        settings.setSNIMatchers(List.of(new KnownNames()));
      }
    }
    try {
      engine.setSSLParameters(settings);
    } catch (IllegalArgumentException unknown) {
      throw new TlsSetupException(
          "TLS can't be set up as asked for: " + unknown.getMessage(), unknown);
    }
    return engine;
  }

  private List<SNIServerName> names() {
    if (serverName == null || ServerNames.isLiteral(serverName)) {
      return List.of(); // RFC 6066: names only
    }
    try {
      return List.of(new SNIHostName(serverName));
    } catch (IllegalArgumentException noName) {
      return List.of(); // such as my_service: it can be connected to, but not be asked for
    }
  }

  /** Refuses clients that ask for a name of which there is no certificate. */
  private final class KnownNames extends SNIMatcher {
    KnownNames() {
      super(StandardConstants.SNI_HOST_NAME);
    }

    @Override
    public boolean matches(SNIServerName asked) {
      String name = new String(asked.getEncoded(), StandardCharsets.US_ASCII);
      return context.identities().stream().anyMatch(identity -> identity.serves(name));
    }
  }
}
