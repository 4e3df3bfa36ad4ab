package asyncio;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Duration;
import org.junit.jupiter.api.Test;

/** White-box: to see it from outside, a test would wait for as long. */
class GraceTest {
  @Test
  void aProgramHasTenSecondsToEndWhereNothingElseIsSaid() {
    try (var runner = new Runner()) {
      assertEquals(Duration.ofSeconds(10), runner.loop().shutdownGrace());
    }
  }
}
