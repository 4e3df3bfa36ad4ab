package asyncio.internal.diagnosis;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

/** When reports come depends on real time; the gaps between them do not. */
class WatchdogGapsTest {
  @Test
  void theGapsBetweenReportsOfOneStepDouble() {
    assertEquals(200, Watchdog.nextReport(100, 100));
    assertEquals(400, Watchdog.nextReport(200, 225));
  }

  @Test
  void aPauseThatSpansSeveralGapsIsOneReport() {
    assertEquals(6400, Watchdog.nextReport(100, 4700));
    assertEquals(400, Watchdog.nextReport(100, 200));
  }
}
