package asyncio.internal.tls;

import java.net.Socket;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import javax.net.ssl.ExtendedSSLSession;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SNIServerName;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedKeyManager;
import org.jspecify.annotations.Nullable;

/**
 * Chooses the certificate of this side: as a server, one for the name that the client asks for, or
 * else the first; as a client, one that the server's authorities signed, or else the first.
 */
final class CertificateChooser extends X509ExtendedKeyManager {
  private final List<Identity> identities;

  CertificateChooser(List<Identity> identities) {
    this.identities = identities;
  }

  @Override
  public @Nullable String chooseEngineServerAlias(
      String keyType, Principal @Nullable [] issuers, SSLEngine engine) {
    String asked = askedFor(engine);
    List<Identity> named = asked == null
        ? List.of()
        : identities.stream().filter(identity -> identity.serves(asked)).toList();
    // All of one name, so that a client which can use only one type of key gets that.
    String first = identities.getFirst().names().toString();
    List<Identity> usable = named.isEmpty()
        ? identities.stream()
            .filter(identity -> identity.names().toString().equals(first))
            .toList()
        : named;
    return usable.stream()
        .filter(identity -> identity.isOfType(keyType))
        .findFirst()
        .map(this::alias)
        .orElse(null);
  }

  private static @Nullable String askedFor(SSLEngine engine) {
    if (engine.getHandshakeSession() instanceof ExtendedSSLSession session) {
      for (SNIServerName name : session.getRequestedServerNames()) {
        if (name instanceof SNIHostName host) {
          return host.getAsciiName();
        }
      }
    }
    return null;
  }

  @Override
  public @Nullable String chooseEngineClientAlias(
      String[] keyTypes, Principal @Nullable [] issuers, SSLEngine engine) {
    List<Identity> usable = identities.stream()
        .filter(identity -> Arrays.stream(keyTypes).anyMatch(identity::isOfType))
        .toList();
    return usable.stream()
        .filter(identity -> wasSignedByOneOf(identity, issuers))
        .findFirst()
        .or(() -> usable.stream().findFirst()) // the server says what is wrong with it
        .map(this::alias)
        .orElse(null);
  }

  private static boolean wasSignedByOneOf(Identity identity, Principal @Nullable [] issuers) {
    return issuers != null
        && identity.chain().stream()
            .anyMatch(one -> Arrays.asList(issuers).contains(one.getIssuerX500Principal()));
  }

  private String alias(Identity identity) {
    return Integer.toString(identities.indexOf(identity));
  }

  private @Nullable Identity identity(@Nullable String alias) {
    int index = alias != null && alias.matches("\\d{1,6}") ? Integer.parseInt(alias) : -1;
    return index >= 0 && index < identities.size() ? identities.get(index) : null;
  }

  @Override
  public X509Certificate @Nullable [] getCertificateChain(@Nullable String alias) {
    Identity identity = identity(alias);
    return identity == null ? null : identity.chain().toArray(X509Certificate[]::new);
  }

  @Override
  public @Nullable PrivateKey getPrivateKey(@Nullable String alias) {
    Identity identity = identity(alias);
    return identity == null ? null : identity.key();
  }

  @Override
  public String[] getClientAliases(String keyType, Principal @Nullable [] issuers) {
    return aliases(keyType);
  }

  @Override
  public String[] getServerAliases(String keyType, Principal @Nullable [] issuers) {
    return aliases(keyType);
  }

  private String[] aliases(String keyType) {
    return IntStream.range(0, identities.size())
        .filter(i -> identities.get(i).isOfType(keyType))
        .mapToObj(Integer::toString)
        .toArray(String[]::new);
  }

  /** Only for sockets, which there are none. */
  @Override
  public @Nullable String chooseClientAlias(
      String[] keyTypes, Principal @Nullable [] issuers, @Nullable Socket socket) {
    return null;
  }

  /** Only for sockets, which there are none. */
  @Override
  public @Nullable String chooseServerAlias(
      String keyType, Principal @Nullable [] issuers, @Nullable Socket socket) {
    return null;
  }
}
