package asyncio.support;

import asyncio.TlsIdentity;
import asyncio.TlsTrust;
import java.io.IOException;
import java.math.BigInteger;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.cert.X509CRL;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Date;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.CRLReason;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.cert.X509v2CRLBuilder;
import org.bouncycastle.cert.jcajce.JcaX509CRLConverter;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/** Somebody who signs certificates: good ones, and wrong ones. */
public final class Authority {
  private static final AtomicInteger serial = new AtomicInteger();

  private final X500Name name;
  private final KeyPair keys;
  private final List<X509Certificate> chain;

  private Authority(X500Name name, KeyPair keys, List<X509Certificate> chain) {
    this.name = name;
    this.keys = keys;
    this.chain = chain;
  }

  /** Creates an authority that nobody has signed. */
  public static Authority root(String name) {
    var subject = new X500Name("CN=" + name);
    KeyPair keys = keys("EC");
    var self = new Authority(subject, keys, List.of());
    return new Authority(subject, keys, List.of(new Issue(self).authority().sign(subject, keys)));
  }

  /** Creates an authority that this one has signed. */
  public Authority intermediate(String called) {
    var subject = new X500Name("CN=" + called);
    KeyPair its = keys("EC");
    List<X509Certificate> all = new ArrayList<>();
    all.add(new Issue(this).authority().sign(subject, its));
    all.addAll(chain);
    return new Authority(subject, its, all);
  }

  public X509Certificate certificate() {
    return chain.getFirst();
  }

  public TlsTrust trust() {
    return TlsTrust.of(chain.getLast());
  }

  /** Somebody whom this one has signed, but not as an authority, and who signs all the same. */
  public Authority asAuthority() {
    var subject = new X500Name("CN=no authority");
    KeyPair its = keys("EC");
    List<X509Certificate> all = new ArrayList<>();
    all.add(new Issue(this).sign(subject, its));
    all.addAll(chain);
    return new Authority(subject, its, all);
  }

  /** Signs a list of certificates that are not good any more. */
  public X509CRL revoked(X509Certificate... certificates) {
    try {
      var now = new Date();
      var list = new X509v2CRLBuilder(name, now);
      list.setNextUpdate(new Date(now.getTime() + 86_400_000));
      for (X509Certificate one : certificates) {
        list.addCRLEntry(one.getSerialNumber(), now, CRLReason.keyCompromise);
      }
      var signer = new JcaContentSignerBuilder("SHA256withECDSA").build(keys.getPrivate());
      return new JcaX509CRLConverter().getCRL(list.build(signer));
    } catch (java.security.GeneralSecurityException | OperatorCreationException e) {
      throw new AssertionError(e);
    }
  }

  /** Signs a good certificate for hosts. */
  public TlsIdentity issue(String... names) {
    return issue().to(names);
  }

  public Issue issue() {
    return new Issue(this);
  }

  private static KeyPair keys(String type) {
    try {
      var generator = KeyPairGenerator.getInstance(type.startsWith("RSA") ? "RSA" : type);
      switch (type) {
        case "EC" -> generator.initialize(256);
        case "RSA" -> generator.initialize(2048);
        case "RSA512" -> generator.initialize(512);
        default -> {}
      }
      return generator.generateKeyPair();
    } catch (java.security.GeneralSecurityException e) {
      throw new AssertionError(e);
    }
  }

  public static String pem(String type, byte[] der) {
    return "-----BEGIN " + type + "-----\n"
        + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der)
        + "\n-----END " + type + "-----\n";
  }

  public static String pem(X509Certificate certificate) {
    try {
      return pem("CERTIFICATE", certificate.getEncoded());
    } catch (java.security.GeneralSecurityException e) {
      throw new AssertionError(e);
    }
  }

  /** A key with its chain, which may be of the wrong kind. */
  public record Issued(PrivateKey key, List<X509Certificate> chain) {
    public TlsIdentity identity() {
      try {
        return TlsIdentity.of(key, chain.toArray(X509Certificate[]::new));
      } catch (IOException e) {
        throw new AssertionError(e);
      }
    }

    public String chainPem() {
      var text = new StringBuilder();
      chain.forEach(one -> text.append(pem(one)));
      return text.toString();
    }

    public String keyPem() {
      return pem("PRIVATE KEY", key.getEncoded());
    }
  }

  /** A certificate that is about to be signed. */
  public static final class Issue {
    private final Authority by;
    private Instant from = Instant.now().minus(Duration.ofHours(1));
    private Instant until = Instant.now().plus(Duration.ofDays(10));
    private String type = "EC";
    private KeyPurposeId usage;
    private boolean authority;
    private boolean withChain = true;

    Issue(Authority by) {
      this.by = by;
    }

    public Issue expired() {
      from = Instant.now().minus(Duration.ofDays(10));
      until = Instant.now().minus(Duration.ofDays(1));
      return this;
    }

    public Issue notYet() {
      from = Instant.now().plus(Duration.ofDays(1));
      return this;
    }

    /** Sets the key's type: EC, RSA, RSA512, Ed25519. */
    public Issue key(String of) {
      type = of;
      return this;
    }

    public Issue onlyForClients() {
      usage = KeyPurposeId.id_kp_clientAuth;
      return this;
    }

    public Issue onlyForServers() {
      usage = KeyPurposeId.id_kp_serverAuth;
      return this;
    }

    public Issue withoutChain() {
      withChain = false;
      return this;
    }

    Issue authority() {
      authority = true;
      return this;
    }

    public TlsIdentity to(String... names) {
      return make(names).identity();
    }

    public Issued make(String... names) {
      KeyPair its = keys(type);
      List<X509Certificate> all = new ArrayList<>();
      all.add(sign(new X500Name("CN=" + (names.length == 0 ? "nobody" : names[0])), its, names));
      if (withChain) {
        all.addAll(by.chain.subList(0, by.chain.size() - 1));
      }
      return new Issued(its.getPrivate(), all);
    }

    X509Certificate sign(X500Name subject, KeyPair its, String... names) {
      try {
        var builder = new JcaX509v3CertificateBuilder(
            by.name,
            BigInteger.valueOf(serial.incrementAndGet()),
            Date.from(from),
            Date.from(until),
            subject,
            its.getPublic());
        builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(authority));
        if (usage != null) {
          builder.addExtension(Extension.extendedKeyUsage, false, new ExtendedKeyUsage(usage));
        }
        if (names.length > 0) {
          builder.addExtension(
              Extension.subjectAlternativeName,
              false,
              new GeneralNames(Arrays.stream(names)
                  .map(name -> new GeneralName(
                      name.matches("[0-9.]+|.*:.*") ? GeneralName.iPAddress : GeneralName.dNSName,
                      name))
                  .toArray(GeneralName[]::new)));
        }
        var signer = new JcaContentSignerBuilder("SHA256withECDSA").build(by.keys.getPrivate());
        return new JcaX509CertificateConverter().getCertificate(builder.build(signer));
      } catch (Exception e) {
        throw new AssertionError(e);
      }
    }
  }
}
