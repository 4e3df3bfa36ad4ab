package asyncio.internal.tls;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** As much of DER (ITU-T X.690) as it takes to make PKCS#8 of the older forms of keys. */
final class Der {
  private static final int INTEGER = 0x02;
  private static final int OCTET_STRING = 0x04;
  private static final int SEQUENCE = 0x30;

  /** The parameters of an EC key: [0]. */
  private static final int PARAMETERS = 0xa0;

  // Object identifiers with their tag and length.
  private static final byte[] RSA = {
    0x06,
    0x09,
    0x2a,
    (byte) 0x86,
    0x48,
    (byte) 0x86,
    (byte) 0xf7,
    0x0d,
    0x01,
    0x01,
    0x01,
    0x05,
    0x00
  };
  private static final byte[] EC = {
    0x06, 0x07, 0x2a, (byte) 0x86, 0x48, (byte) 0xce, 0x3d, 0x02, 0x01
  };
  private static final byte[] VERSION_0 = {INTEGER, 1, 0};

  private final byte[] bytes;
  private int at;

  private Der(byte[] bytes) {
    this.bytes = bytes;
  }

  /** Returns an RSA key (PKCS#1, RFC 8017) as PKCS#8. */
  static byte[] pkcs8OfRsa(byte[] key) {
    return pkcs8(RSA, key);
  }

  /**
   * Returns an EC key (SEC1, RFC 5915) as PKCS#8; null if it does not name its curve.
   *
   * @throws IllegalArgumentException if it is no such key
   */
  static byte @Nullable [] pkcs8OfEc(byte[] key) {
    byte[] curve = curve(key);
    return curve == null ? null : pkcs8(join(EC, curve), key);
  }

  /** RFC 5208: the version, the algorithm, the key. */
  private static byte[] pkcs8(byte[] algorithm, byte[] key) {
    return element(
        SEQUENCE, join(VERSION_0, element(SEQUENCE, algorithm), element(OCTET_STRING, key)));
  }

  private static byte @Nullable [] curve(byte[] key) {
    var all = new Der(key);
    var fields = new Der(all.next(SEQUENCE));
    fields.next(INTEGER);
    fields.next(OCTET_STRING);
    return fields.at < fields.bytes.length && (fields.bytes[fields.at] & 0xff) == PARAMETERS
        ? fields.next(PARAMETERS)
        : null;
  }

  /** Returns the content of the next element, which must be of that type. */
  private byte[] next(int tag) {
    if (at + 2 > bytes.length || (bytes[at] & 0xff) != tag) {
      throw new IllegalArgumentException("it is not a key, or a part is missing");
    }
    int length = bytes[at + 1] & 0xff;
    int from = at + 2;
    if (length >= 0x80) {
      int digits = length & 0x7f;
      length = 0;
      for (int i = 0; i < digits && i < 3 && from < bytes.length; i++) {
        length = (length << 8) | (bytes[from++] & 0xff);
      }
    }
    if (length > bytes.length - from) {
      throw new IllegalArgumentException("its end is missing");
    }
    at = from + length;
    return Arrays.copyOfRange(bytes, from, at);
  }

  private static byte[] element(int tag, byte[] content) {
    var all = new ByteArrayOutputStream();
    all.write(tag);
    int length = content.length;
    if (length < 0x80) {
      all.write(length);
    } else if (length < 0x100) {
      all.write(0x81);
      all.write(length);
    } else {
      all.write(0x82); // no key has 64 KiB
      all.write(length >> 8);
      all.write(length);
    }
    all.writeBytes(content);
    return all.toByteArray();
  }

  private static byte[] join(byte[]... parts) {
    var all = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      all.writeBytes(part);
    }
    return all.toByteArray();
  }
}
