package asyncio.internal.tls;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.X509Certificate;
import java.security.spec.MGF1ParameterSpec;
import java.security.spec.PSSParameterSpec;
import java.util.List;

/**
 * A chain of certificates with the key of the first one.
 *
 * @param key the key
 * @param chain the certificate, and those between it and an authority
 * @param names the names and addresses that the certificate is for
 */
public record Identity(PrivateKey key, List<X509Certificate> chain, List<String> names) {
  /**
   * Checks that the key belongs to the first certificate, and that each was signed by the next.
   *
   * @param from where they come from, for errors
   */
  public static Identity of(PrivateKey key, List<X509Certificate> chain, String from)
      throws IOException {
    if (chain.isEmpty()) {
      throw new IOException(from + " has no certificate. A chain is the server's certificate first,"
          + " then those between it and the authority.");
    }
    X509Certificate own = chain.getFirst();
    if (!isKeyOf(key, own.getPublicKey())) {
      boolean another = chain.stream().anyMatch(one -> isKeyOf(key, one.getPublicKey()));
      throw new IOException(
          another
              ? from + " has its certificates in the wrong order: the key's own must come"
                  + " first, and each one after it must have signed the one before."
              : from + ": the private key does not belong to the certificate of " + subject(own)
                  + ". Take the key that it was made with.");
    }
    for (int i = 1; i < chain.size(); i++) {
      X509Certificate signed = chain.get(i - 1);
      X509Certificate signer = chain.get(i);
      if (!signed.getIssuerX500Principal().equals(signer.getSubjectX500Principal())) {
        throw new IOException(from + " has its certificates in the wrong order: " + subject(signed)
            + " was signed by " + signed.getIssuerX500Principal().getName()
            + ", but the next one is "
            + subject(signer) + ". The key's own comes first, then each one that signed the one"
            + " before.");
      }
    }
    return new Identity(key, List.copyOf(chain), ServerNames.of(own));
  }

  private static String subject(X509Certificate certificate) {
    return "'" + certificate.getSubjectX500Principal().getName() + "'";
  }

  /** Returns whether what one signs the other accepts. */
  private static boolean isKeyOf(PrivateKey key, PublicKey publicKey) {
    String algorithm = switch (publicKey.getAlgorithm()) {
      case "RSA" -> "SHA256withRSA";
      case "EC" -> "SHA256withECDSA";
      default -> publicKey.getAlgorithm();
    };
    try {
      byte[] text = "whose key is it?".getBytes(StandardCharsets.US_ASCII);
      var signing = Signature.getInstance(algorithm);
      if ("RSASSA-PSS".equals(algorithm)) {
        signing.setParameter(
            new PSSParameterSpec("SHA-256", "MGF1", MGF1ParameterSpec.SHA256, 32, 1));
      }
      signing.initSign(key);
      signing.update(text);
      byte[] signature = signing.sign();
      signing.initVerify(publicKey);
      signing.update(text);
      return signing.verify(signature);
    } catch (GeneralSecurityException another) {
      return false;
    }
  }

  /** Returns whether the certificate is for {@code host}. */
  boolean serves(String host) {
    return names.stream().anyMatch(name -> ServerNames.matches(name, host));
  }

  /** Returns whether the key is of a type that TLS names so: "EC", "RSA", "RSASSA-PSS", "EdDSA". */
  boolean isOfType(String type) {
    int end = type.indexOf('_'); // such as EC_RSA, of old suites
    return chain
        .getFirst()
        .getPublicKey()
        .getAlgorithm()
        .equals(end < 0 ? type : type.substring(0, end));
  }
}
