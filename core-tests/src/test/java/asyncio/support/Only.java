package asyncio.support;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import asyncio.Asyncio;
import asyncio.CarrierKind;

/** Tests for one carrier alone, with the reason. */
public final class Only {
  private Only() {}

  public static void mounted(String reason) {
    assumeTrue(Asyncio.carrier() == CarrierKind.MOUNTED, () -> "mounted carrier only: " + reason);
  }

  public static void portable(String reason) {
    assumeTrue(Asyncio.carrier() == CarrierKind.PORTABLE, () -> "portable carrier only: " + reason);
  }
}
