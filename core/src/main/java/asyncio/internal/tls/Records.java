package asyncio.internal.tls;

import asyncio.internal.util.ByteFifo;
import java.nio.charset.StandardCharsets;

/** What can be told of TLS records from outside. */
final class Records {
  private static final int HEADER = 5;

  /** RFC 5246, section 6.2.3. */
  private static final int LONGEST = (1 << 14) + 2048;

  /** How many bytes of what is no TLS are shown. */
  private static final int SHOWN = 24;

  private Records() {}

  /** Returns whether there is a whole record, or what can't become one. */
  static boolean hasWhole(ByteFifo bytes) {
    if (bytes.isEmpty()) {
      return false;
    }
    if (!looksLikeTls(bytes)) {
      return true;
    }
    return bytes.size() >= HEADER
        && (length(bytes) > LONGEST || bytes.size() >= HEADER + length(bytes));
  }

  private static int length(ByteFifo bytes) {
    return ((bytes.at(3) & 0xff) << 8) | (bytes.at(4) & 0xff);
  }

  /** Returns whether the first bytes may begin a record. There must be one at least. */
  static boolean looksLikeTls(ByteFifo bytes) {
    int type = bytes.at(0);
    return (type >= 0x14 && type <= 0x17) && (bytes.size() < 2 || bytes.at(1) == 3);
  }

  /** Returns the first bytes, for messages: text as it is, anything else as a dot. */
  static String shown(ByteFifo bytes) {
    String text = bytes.text(Math.min(SHOWN, bytes.size()), StandardCharsets.ISO_8859_1);
    int lineEnd = text.indexOf('\r') >= 0 ? text.indexOf('\r') : text.indexOf('\n');
    String line = lineEnd > 0 ? text.substring(0, lineEnd) : text;
    return line.replaceAll("[^ -~]", ".");
  }
}
