package asyncio.internal.util;

import java.util.Arrays;

/**
 * Works around a flaw of the JVM's optimising compiler on x86.
 *
 * <p>C2 clears the fields of a new {@code VirtualThread} with vector stores 32 or 64 bytes wide
 * and, if that is the only vector code of a compiled method, omits the {@code vzeroupper} that has
 * to follow. The processor then runs the JVM's own code, which uses the older instructions, much
 * slower: above all the thaw of the new thread's first frames. Any vector intrinsic of C2 in the
 * same compiled method makes it put {@code vzeroupper} before all calls of that method; the
 * comparison of two short arrays is the cheapest, at one or two nanoseconds.
 *
 * <p>Measured with JDK 25.0.3 on a Sapphire Rapids Xeon: starting and awaiting a task takes 480 ns
 * with this and 640 ns without; {@code -XX:MaxVectorSize=16} has the same effect, and then this has
 * none.
 */
public final class VectorRegisters {
  private static final byte[] ONE = new byte[1];
  private static final byte[] SAME = new byte[1];

  private VectorRegisters() {}

  /**
   * Clears the upper halves of the vector registers. To be called, and inlined, after the
   * allocation.
   */
  public static void clearUpperHalves() {
    if (!Arrays.equals(ONE, SAME)) {
      throw new AssertionError();
    }
  }
}
