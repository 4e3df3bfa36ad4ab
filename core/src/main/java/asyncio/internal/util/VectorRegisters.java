package asyncio.internal.util;

import java.util.Arrays;

/**
 * Works round a flaw of the JVM's optimising compiler on x86.
 *
 * <p>C2 clears the fields of a new {@code VirtualThread} with 32 or 64 bytes wide vector stores
 * and, when that is the only vector code of a compiled method, forgets the {@code vzeroupper} that
 * has to follow. The processor then runs the JVM's own code, which uses the older instructions,
 * much slower: above all the thaw of the new thread's first frames. Any of its vector intrinsics in
 * the same compiled method makes it put {@code vzeroupper} before all calls of that method; the
 * comparison of two short arrays is the cheapest, one or two nanoseconds.
 *
 * <p>Measured with JDK 25.0.3 on a Sapphire Rapids Xeon: starting and awaiting a task takes 480 ns
 * with it and 640 without; {@code -XX:MaxVectorSize=16} has the same effect, and then this has
 * none.
 */
public final class VectorRegisters {
  private static final byte[] ONE = new byte[1];
  private static final byte[] SAME = new byte[1];

  private VectorRegisters() {}

  /** To be called, and inlined, after the allocation. */
  public static void clearUpperHalves() {
    if (!Arrays.equals(ONE, SAME)) {
      throw new AssertionError();
    }
  }
}
