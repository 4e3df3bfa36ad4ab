package asyncio;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

/** Tests for one carrier alone, with the reason. */
final class Only {
  private Only() {}

  static void mounted(String reason) {
    assumeTrue(Asyncio.carrier() == CarrierKind.MOUNTED, () -> "mounted carrier only: " + reason);
  }

  static void portable(String reason) {
    assumeTrue(Asyncio.carrier() == CarrierKind.PORTABLE, () -> "portable carrier only: " + reason);
  }
}
