package asyncio.internal.util;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** White-box: a buffer of 2 GiB is more memory than a test may take. */
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
}
