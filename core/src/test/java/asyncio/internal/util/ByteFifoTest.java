package asyncio.internal.util;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

/** White-box, where a buffer of 2 GiB would be more memory than a test may take. */
class ByteFifoTest {
  private static final int LARGEST_ARRAY = Integer.MAX_VALUE - 8;

  @Test
  void noMoreFitsThanTheLargestArrayHolds() {
    var fifo = new ByteFifo();
    assertTrue(fifo.fits(LARGEST_ARRAY));
    assertFalse(fifo.fits(LARGEST_ARRAY + 1));
    fifo.append(new byte[10], 0, 10);
    assertTrue(fifo.fits(LARGEST_ARRAY - 10));
    assertFalse(fifo.fits(LARGEST_ARRAY - 9));
    fifo.discard(3);
    assertTrue(fifo.fits(LARGEST_ARRAY - 7));
    assertFalse(fifo.fits(LARGEST_ARRAY - 6));
  }

  @Test
  void bytesCanBePutInFront() {
    var fifo = new ByteFifo();
    fifo.prepend(bytes("cd"));
    fifo.append(bytes("efghij"));
    fifo.prepend(bytes("ab"));
    assertEquals("abcdefghij", text(fifo));
    fifo.discard(4);
    fifo.prepend(bytes("CD")); // where bytes were discarded
    assertEquals("CDefghij", text(fifo));
    fifo.prepend(bytes("0123456789"));
    fifo.append(bytes("k"));
    assertEquals("0123456789CDefghijk", text(fifo));
  }

  @Test
  void bytesAreTakenIntoABufferAsFarAsTheyFit() {
    var fifo = new ByteFifo();
    fifo.append(bytes("abcdef"));
    var into = ByteBuffer.allocateDirect(4);
    assertEquals(4, fifo.take(into));
    assertEquals("abcd", UTF_8.decode(into.flip()).toString());
    assertEquals("ef", new String(fifo.peek(2), UTF_8));
    assertEquals(2, fifo.take(into.clear()));
    assertEquals(0, fifo.take(into));
  }

  private static ByteBuffer bytes(String text) {
    return ByteBuffer.wrap(text.getBytes(UTF_8));
  }

  private static String text(ByteFifo fifo) {
    return UTF_8.decode(fifo.view()).toString();
  }
}
