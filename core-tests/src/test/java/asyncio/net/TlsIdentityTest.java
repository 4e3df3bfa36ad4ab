package asyncio.net;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.run;
import static asyncio.net.TlsPair.says;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.Asyncio;
import asyncio.ClientTls;
import asyncio.ServerTls;
import asyncio.TlsIdentity;
import asyncio.TlsTrust;
import asyncio.support.Authority;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.Provider;
import java.security.cert.Certificate;
import java.time.Instant;
import java.util.List;
import org.bouncycastle.asn1.sec.SECObjectIdentifiers;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.openssl.PKCS8Generator;
import org.bouncycastle.openssl.jcajce.JcaMiscPEMGenerator;
import org.bouncycastle.openssl.jcajce.JcaPEMWriter;
import org.bouncycastle.openssl.jcajce.JcaPKCS8Generator;
import org.bouncycastle.openssl.jcajce.JceOpenSSLPKCS8EncryptorBuilder;
import org.bouncycastle.openssl.jcajce.JcePEMEncryptorBuilder;
import org.bouncycastle.util.io.pem.PemObject;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Certificates and keys, as they come from files. */
class TlsIdentityTest {
  private static final char[] PASSWORD = "geheim, with ü".toCharArray();
  private static final Provider BOUNCY = new BouncyCastleProvider();
  private static final Authority AUTHORITY = Authority.root("the test's").intermediate("between");

  @TempDir
  Path folder;

  private final Authority.Issued issued = AUTHORITY.issue().make("localhost");

  private Path file(String name, String text) throws IOException {
    return Files.writeString(folder.resolve(name), text);
  }

  private String failure(String chain, String key) throws IOException {
    Path chainFile = file("chain.pem", chain);
    Path keyFile = file("key.pem", key);
    return assertThrows(IOException.class, () -> TlsIdentity.load(chainFile, keyFile))
        .getMessage();
  }

  // ---- what is read ----

  private interface Encoding {
    Object of(PrivateKey key) throws Exception;
  }

  private static String encoded(PrivateKey key, Encoding encoding) throws Exception {
    var text = new StringWriter();
    try (var writer = new JcaPEMWriter(text)) {
      writer.writeObject(encoding.of(key));
    }
    return text.toString();
  }

  /** PKCS#1 and SEC1; of what came later, PKCS#8. SEC1 names the curve, as openssl does it. */
  private static Object olderForm(PrivateKey key) throws Exception {
    if (key instanceof java.security.interfaces.ECPrivateKey ec) {
      var sec1 = new org.bouncycastle.asn1.sec.ECPrivateKey(
          256, ec.getS(), SECObjectIdentifiers.secp256r1);
      return new PemObject("EC PRIVATE KEY", sec1.getEncoded());
    }
    return new JcaMiscPEMGenerator(key);
  }

  @Test
  void keysAreReadInAllTheirForms() throws Exception {
    for (String type : List.of("EC", "RSA", "Ed25519")) {
      Authority.Issued one = AUTHORITY.issue().key(type).make("localhost");
      Path chain = file("chain.pem", one.chainPem());
      for (Encoding encoding : List.<Encoding>of(
          key -> new JcaPKCS8Generator(key, null), // PKCS#8
          TlsIdentityTest::olderForm)) {
        Path key = file("key.pem", encoded(one.key(), encoding));
        TlsIdentity identity = TlsIdentity.load(chain, key);
        assertEquals(one.chain(), identity.chain());
        assertEquals(List.of("localhost"), identity.names());
      }
    }
  }

  @Test
  void encryptedKeysAreReadWithTheirPassword() throws Exception {
    for (String type : List.of("EC", "RSA")) {
      Authority.Issued one = AUTHORITY.issue().key(type).make("localhost");
      Path chain = file("chain.pem", one.chainPem());
      for (Encoding encoding : List.<Encoding>of(
          key -> new JcaPKCS8Generator(
              key,
              new JceOpenSSLPKCS8EncryptorBuilder(PKCS8Generator.AES_256_CBC)
                  .setProvider(BOUNCY)
                  .setPRF(PKCS8Generator.PRF_HMACSHA256)
                  .setPassword(PASSWORD)
                  .build()),
          key -> new JcaMiscPEMGenerator(
              key, new JcePEMEncryptorBuilder("AES-256-CBC").setProvider(BOUNCY).build(PASSWORD)),
          key -> new JcaMiscPEMGenerator(
              key, new JcePEMEncryptorBuilder("AES-128-CBC").setProvider(BOUNCY).build(PASSWORD)),
          key -> new JcaMiscPEMGenerator(
              key,
              new JcePEMEncryptorBuilder("DES-EDE3-CBC").setProvider(BOUNCY).build(PASSWORD)))) {
        String text = encoded(one.key(), encoding);
        if (text.contains("BEGIN EC PRIVATE KEY")) {
          continue; // Bouncy Castle does not name the curve there
        }
        Path key = file("key.pem", text);
        assertEquals(one.chain(), TlsIdentity.load(chain, key, PASSWORD).chain());
        var none = assertThrows(IOException.class, () -> TlsIdentity.load(chain, key));
        says("its password is needed", none.getMessage());
        var wrong = assertThrows(
            IOException.class, () -> TlsIdentity.load(chain, key, "other".toCharArray()));
        says("Is the password right?", wrong.getMessage());
      }
    }
  }

  @Test
  void oneFileHoldsBothAndTextBetween() throws Exception {
    String text = "Bag Attributes\r\n    friendlyName: x\r\n"
        + issued.keyPem().replace("\n", "\r\n")
        + "subject=CN = localhost\r\n"
        + issued.chainPem().replace("\n", "\r\n");
    Path both = file("both.pem", text);
    assertEquals(issued.chain(), TlsIdentity.load(both, both).chain());
    assertEquals(issued.chain(), TlsIdentity.parse(text).chain());
  }

  @Test
  void aKeyStoreHoldsBoth() throws Exception {
    for (String type : List.of("PKCS12", "JKS")) {
      Path file = folder.resolve("keys");
      KeyStore store = KeyStore.getInstance(type);
      store.load(null, null);
      store.setKeyEntry("x", issued.key(), PASSWORD, issued.chain().toArray(Certificate[]::new));
      try (var out = Files.newOutputStream(file)) {
        store.store(out, PASSWORD);
      }
      assertEquals(issued.chain(), TlsIdentity.load(file, PASSWORD).chain());
      var wrong =
          assertThrows(IOException.class, () -> TlsIdentity.load(file, "other".toCharArray()));
      says("password is wrong", wrong.getMessage());
      var pem = file("x.pem", issued.chainPem());
      var notOne = assertThrows(IOException.class, () -> TlsIdentity.load(pem, PASSWORD));
      says("is not a PKCS#12 key store", notOne.getMessage());
    }
  }

  @Test
  void anIdentityTellsItsNamesAndItsEndButNotItsKey() throws Exception {
    TlsIdentity identity = AUTHORITY.issue("a.example", "127.0.0.1");
    assertEquals(List.of("a.example", "127.0.0.1"), identity.names());
    assertTrue(identity.expires().isAfter(Instant.now()));
    assertEquals("TlsIdentity[a.example, 127.0.0.1]", identity.toString());
  }

  @Test
  void inACoroutineAHelperLoads() throws Exception {
    Path chain = file("chain.pem", issued.chainPem());
    Path key = file("key.pem", issued.keyPem());
    run(() -> {
      boolean[] ran = {false};
      createTask(() -> {
        ran[0] = true;
      });
      TlsIdentity identity = TlsIdentity.load(chain, key);
      assertTrue(ran[0]);
      assertEquals(issued.chain(), identity.chain());
      TlsTrust.load(chain);
      var refused = Asyncio.runningLoop().createFuture();
      Asyncio.runningLoop().callSoon(() -> {
        try {
          TlsIdentity.load(chain, key);
        } catch (IllegalStateException | IOException failure) {
          refused.setResult(failure.getMessage());
        }
      });
      says("in a callback", String.valueOf(refused.await()));
    });
  }

  @Test
  void aTrustIsLoaded() throws Exception {
    Path roots = file("roots.pem", Authority.pem(AUTHORITY.certificate()));
    ClientTls client = ClientTls.defaults().withTrust(TlsTrust.load(roots));
    run(() -> {
      try (var pair =
          TlsPair.inMemory(ServerTls.of(issued.identity()), client.withServerName("localhost"))) {
        TlsPair.begin(pair, ServerTls.of(issued.identity()), client.withServerName("localhost"));
      }
    });
    Path none = file("none.pem", issued.keyPem());
    says(
        "it would trust nobody",
        assertThrows(IOException.class, () -> TlsTrust.load(none)).getMessage());
  }

  // ---- what is wrong with files ----

  @Test
  void aFileThatIsNotThereOrNoFileIsNamed() throws Exception {
    Path missing = folder.resolve("missing.pem");
    var failure = assertThrows(NoSuchFileException.class, () -> TlsIdentity.load(missing, missing));
    says("missing.pem", failure.getMessage());
    assertThrows(NoSuchFileException.class, () -> TlsIdentity.load(missing, PASSWORD));
    says(
        "is a folder",
        assertThrows(IOException.class, () -> TlsIdentity.load(folder, folder)).getMessage());
    Path device = Path.of("/dev/zero");
    if (Files.exists(device)) {
      assertThrows(IOException.class, () -> TlsIdentity.load(device, device));
    }
  }

  @Test
  void wrongFilesSayWhatIsWrong() throws Exception {
    String chain = issued.chainPem();
    String key = issued.keyPem();
    Authority.Issued another = AUTHORITY.issue().make("other.example");
    says("does not belong to the certificate of 'CN=localhost'", failure(chain, another.keyPem()));
    says("are the arguments swapped?", failure(key, chain));
    says("has no private key", failure(chain, chain));
    says("Is the file complete?", failure(chain.substring(0, chain.length() - 40), key));
    says("has no certificate", failure(key, key));
    String own = Authority.pem(issued.chain().get(0));
    String between = Authority.pem(issued.chain().get(1));
    says("wrong order", failure(between + own, key));
    says("wrong order", failure(own + own, key));
    says("several private keys", failure(chain, key + another.keyPem()));
    says("is not a PEM file", failure("rubbish", key));
    says("is not a PEM file", failure("", key));
    says("looks binary", failure("0\0\1\2", key));
    says("the end of one is missing", failure(chain.replace("-----END", "END"), key));
    says("is damaged", failure(chain, key.replace("\n", "\n!")));
    says("certificate 1 is damaged", failure(chain.replaceFirst("MII", "AII"), key));
    says("is damaged, or of a type", failure(chain, Authority.pem("PRIVATE KEY", new byte[50])));
    says("is damaged", failure(chain, Authority.pem("EC PRIVATE KEY", new byte[50])));
    says("is damaged", failure(chain, Authority.pem("EC PRIVATE KEY", new byte[] {0x30, 3, 2, 1, 1
    })));
    says("damaged", failure(chain, Authority.pem("RSA PRIVATE KEY", new byte[300])));
    says(
        "neither a certificate nor a private key",
        failure(chain, Authority.pem("PUBLIC KEY", new byte[50])));
    says("ssh-keygen", failure(chain, Authority.pem("OPENSSH PRIVATE KEY", new byte[50])));
    says("does not name its curve", failure(chain, Authority.pem("EC PRIVATE KEY", new byte[] {
      0x30, 6, 2, 1, 1, 4, 1, 7
    })));
  }

  @Test
  void aFileThatMayNotBeReadIsNamed() throws Exception {
    Path secret = file("secret.pem", issued.keyPem());
    assertTrue(secret.toFile().setReadable(false));
    if (!Files.isReadable(secret)) { // root may
      assertThrows(AccessDeniedException.class, () -> TlsIdentity.load(secret, secret));
    }
  }

  // ---- self-signed ----

  @Test
  void aSelfSignedIdentityIsForItsNames() throws Exception {
    TlsIdentity own = TlsIdentity.selfSigned("a.example", "*.b.example");
    assertEquals(List.of("a.example", "*.b.example"), own.names());
    var own509 = own.chain().getFirst();
    assertEquals(own509.getIssuerX500Principal(), own509.getSubjectX500Principal());
    assertEquals(-1, own509.getBasicConstraints());
    assertFalse(own.expires().isBefore(Instant.now().plusSeconds(300 * 86_400L)));
    assertThrows(IllegalArgumentException.class, () -> TlsIdentity.selfSigned());
    assertThrows(IllegalArgumentException.class, () -> TlsIdentity.selfSigned(""));
    assertThrows(IllegalArgumentException.class, () -> TlsIdentity.selfSigned("not,a name"));
  }
}
