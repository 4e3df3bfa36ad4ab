package asyncio.internal.tls;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.PrivateKey;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.Cipher;
import javax.crypto.EncryptedPrivateKeyInfo;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.IvParameterSpec;
import javax.crypto.spec.PBEKeySpec;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * Certificates and keys in PEM (RFC 7468), as openssl and certbot write them: PKCS#8, PKCS#1 and
 * SEC1 keys, plain or encrypted. Text between the blocks is passed over.
 */
public final class Pem {
  private static final Pattern BLOCK =
      Pattern.compile("-----BEGIN ([A-Z0-9 ]+)-----\\s*(.*?)\\s*-----END \\1-----", Pattern.DOTALL);

  /** The header of a key that openssl has encrypted in its older way. */
  private static final Pattern ENCRYPTED =
      Pattern.compile("(?s)Proc-Type: 4,ENCRYPTED\\s+DEK-Info: ([A-Z0-9-]+),([0-9A-Fa-f]+)(.*)");

  private static final String[] KEY_TYPES = {"RSA", "EC", "EdDSA", "RSASSA-PSS"};

  private final String from;
  private final char @Nullable [] password;
  private final List<X509Certificate> certificates = new ArrayList<>();
  private final boolean withKeys;
  private @Nullable PrivateKey key;
  private int blocks;

  private Pem(String from, char @Nullable [] password, boolean withKeys) {
    this.withKeys = withKeys;
    this.from = from;
    this.password = password;
  }

  /**
   * Reads all blocks.
   *
   * @param from where the text comes from, for errors
   */
  public static Pem parse(String text, String from, char @Nullable [] password) throws IOException {
    return parse(text, new Pem(from, password, true));
  }

  /** Reads the certificates alone. */
  public static Pem parseCertificates(String text, String from) throws IOException {
    return parse(text, new Pem(from, null, false));
  }

  private static Pem parse(String text, Pem pem) throws IOException {
    String from = pem.from;
    Matcher blocks = BLOCK.matcher(text);
    boolean any = false;
    while (blocks.find()) {
      any = true;
      pem.blocks++;
      pem.add(blocks.group(1), blocks.group(2));
    }
    int begun = text.split("-----BEGIN ", -1).length - 1;
    if (any && begun > pem.blocks) {
      throw new IOException(from + ": the end of a block is missing. Is the file complete?");
    }
    if (!any) {
      throw new IOException(from + " is not a PEM file: it has no block between -----BEGIN …-----"
          + " and -----END …-----, or the end of one is missing."
          + (text.indexOf('\0') >= 0
              ? " It looks binary: convert DER with 'openssl x509 -inform der', and load"
                  + " PKCS#12 with TlsIdentity.load(keyStore, password)."
              : ""));
    }
    return pem;
  }

  /** Returns the certificates, in their order. */
  public List<X509Certificate> certificates() {
    return certificates;
  }

  /** Returns the key; null if there is none. */
  public @Nullable PrivateKey key() {
    return key;
  }

  private void add(String type, String body) throws IOException {
    if (!withKeys && !type.contains("CERTIFICATE")) {
      return;
    }
    switch (type) {
      case "CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE" -> addCertificate(body);
      case "PRIVATE KEY" -> addKey(ofPkcs8(decoded(type, body)));
      case "ENCRYPTED PRIVATE KEY" -> addKey(decrypted(decoded(type, body)));
      case "RSA PRIVATE KEY" -> addKey(ofPkcs8(Der.pkcs8OfRsa(olderKey(type, body))));
      case "EC PRIVATE KEY" -> addKey(ofSec1(olderKey(type, body)));
      case "EC PARAMETERS", "DH PARAMETERS" -> {} // the key names its curve itself
      default ->
        throw new IOException(from + " has a block '" + type + "', which is neither a"
            + " certificate nor a private key."
            + (type.contains("OPENSSH")
                ? " To convert an SSH key in place: 'ssh-keygen -p -m PKCS8 -f FILE'."
                : ""));
    }
  }

  private byte[] decoded(String type, String body) throws IOException {
    try {
      return Base64.getMimeDecoder().decode(checked(body));
    } catch (IllegalArgumentException wrong) {
      throw new IOException(
          from + ": the block '" + type + "' is damaged: " + wrong.getMessage() + ".", wrong);
    }
  }

  /** The decoder of MIME passes over what is no Base64. */
  private static String checked(String body) {
    if (!body.matches("[A-Za-z0-9+/=\\s]*")) {
      throw new IllegalArgumentException("it has characters that are not Base64");
    }
    return body;
  }

  private void addCertificate(String body) throws IOException {
    try {
      var factory = CertificateFactory.getInstance("X.509");
      var der = new ByteArrayInputStream(decoded("CERTIFICATE", body));
      certificates.add((X509Certificate) factory.generateCertificate(der));
    } catch (CertificateException wrong) {
      throw new IOException(
          from + ": certificate " + (certificates.size() + 1) + " is damaged: " + wrong.getMessage()
              + ".",
          wrong);
    }
  }

  private void addKey(PrivateKey another) throws IOException {
    if (key != null) {
      throw new IOException(from + " has several private keys; it must have exactly one.");
    }
    key = another;
  }

  private PrivateKey ofPkcs8(byte[] der) throws IOException {
    for (String type : KEY_TYPES) {
      try {
        return KeyFactory.getInstance(type).generatePrivate(new PKCS8EncodedKeySpec(der));
      } catch (InvalidKeySpecException another) {
        // perhaps of the next type
      } catch (GeneralSecurityException missing) {
        throw new IOException(missing);
      }
    }
    throw new IOException(
        from + ": the private key is damaged, or of a type that TLS does not use. Use an RSA,"
            + " EC or Ed25519 key.");
  }

  private PrivateKey ofSec1(byte[] der) throws IOException {
    byte[] pkcs8;
    try {
      pkcs8 = Der.pkcs8OfEc(der);
    } catch (IllegalArgumentException wrong) {
      throw new IOException(
          from + ": the EC private key is damaged: " + wrong.getMessage() + ".", wrong);
    }
    if (pkcs8 == null) {
      throw new IOException(
          from + ": the EC private key does not name its curve. Write it as PKCS#8:"
              + " 'openssl pkcs8 -topk8 -nodes'.");
    }
    return ofPkcs8(pkcs8);
  }

  // ---- passwords ----

  private char[] password() throws IOException {
    if (password == null) {
      throw new IOException(from + ": the private key is encrypted, so its password is needed:"
          + " TlsIdentity.load(chain, key, password).");
    }
    return password;
  }

  private IOException wrongPassword(Exception cause) {
    return new IOException(
        from + ": the private key can't be decrypted. Is the password right?", cause);
  }

  private PrivateKey decrypted(byte[] der) throws IOException {
    char[] secret = password();
    try {
      var info = new EncryptedPrivateKeyInfo(der);
      var algorithm = info.getAlgParameters().toString(); // such as PBEWithHmacSHA256AndAES_256
      var spec = new PBEKeySpec(secret);
      var cipher = Cipher.getInstance(algorithm);
      cipher.init(
          Cipher.DECRYPT_MODE,
          SecretKeyFactory.getInstance(algorithm).generateSecret(spec),
          info.getAlgParameters());
      spec.clearPassword();
      return ofPkcs8(info.getKeySpec(cipher).getEncoded());
    } catch (NoSuchAlgorithmException unknown) {
      throw new IOException(
          from
              + ": the private key is encrypted in a way that Java does not support. Encrypt it"
              + " anew:"
              + " 'openssl pkcs8 -topk8 -v2 aes-256-cbc'.",
          unknown);
    } catch (GeneralSecurityException | IOException wrong) {
      throw wrongPassword(wrong);
    }
  }

  /** Decodes a PKCS#1 or SEC1 key, which openssl may have encrypted inside the block. */
  private byte[] olderKey(String type, String body) throws IOException {
    Matcher header = ENCRYPTED.matcher(body);
    if (!header.matches()) {
      return decoded(type, body);
    }
    char[] secret = password();
    byte[] iv = HexFormat.of().parseHex(header.group(2));
    byte[] data = decoded(type, header.group(3));
    String algorithm = header.group(1);
    try {
      Matcher aes = Pattern.compile("AES-(128|192|256)-CBC").matcher(algorithm);
      if (aes.matches()) {
        byte[] key = opensslKey(secret, iv, Integer.parseInt(aes.group(1)) / 8);
        return decrypt("AES/CBC/PKCS5Padding", new SecretKeySpec(key, "AES"), iv, data);
      }
      if ("DES-EDE3-CBC".equals(algorithm)) {
        byte[] key = opensslKey(secret, iv, 24);
        return decrypt("DESede/CBC/PKCS5Padding", new SecretKeySpec(key, "DESede"), iv, data);
      }
    } catch (GeneralSecurityException wrong) {
      throw wrongPassword(wrong);
    }
    throw new IOException(from + ": the private key is encrypted with " + algorithm
        + ", which is not supported. Encrypt it anew: 'openssl pkcs8 -topk8'.");
  }

  private static byte[] decrypt(String algorithm, SecretKeySpec key, byte[] iv, byte[] data)
      throws GeneralSecurityException {
    var cipher = Cipher.getInstance(algorithm);
    cipher.init(Cipher.DECRYPT_MODE, key, new IvParameterSpec(iv));
    return cipher.doFinal(data);
  }

  /** What openssl's EVP_BytesToKey makes of a password: rounds of MD5 over it and a salt. */
  private static byte[] opensslKey(char[] password, byte[] iv, int size)
      throws GeneralSecurityException {
    byte[] secret = new String(password).getBytes(StandardCharsets.UTF_8);
    byte[] key = new byte[size];
    byte[] last = {};
    for (int at = 0; at < size; at += last.length) {
      var md5 = MessageDigest.getInstance("MD5");
      md5.update(last);
      md5.update(secret);
      md5.update(iv, 0, 8);
      last = md5.digest();
      System.arraycopy(last, 0, key, at, Math.min(last.length, size - at));
    }
    Arrays.fill(secret, (byte) 0);
    return key;
  }
}
