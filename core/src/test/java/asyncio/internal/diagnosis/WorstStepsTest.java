package asyncio.internal.diagnosis;

import static org.junit.jupiter.api.Assertions.assertEquals;

import asyncio.SlowStep;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Which of the slow steps a loop remembers. */
class WorstStepsTest {
  private static final long MINUTE = 60_000_000_000L;

  private static SlowStep step(int millis) {
    return new SlowStep("task", Instant.EPOCH, Duration.ofMillis(millis), List.of());
  }

  private static List<Long> lengths(WorstSteps steps, long now) {
    return steps.at(now).stream().map(step -> step.held().toMillis()).toList();
  }

  @Test
  void theLongestTenAreKeptLongestFirst() {
    WorstSteps steps = WorstSteps.NONE;
    for (int i = 1; i <= 20; i++) {
      steps = steps.with(i, step(100 + (i * 7) % 20), 0);
    }
    assertEquals(
        List.of(119L, 118L, 117L, 116L, 115L, 114L, 113L, 112L, 111L, 110L), lengths(steps, 0));
  }

  @Test
  void aStepThatLastsReplacesWhatWasKnownOfIt() {
    WorstSteps steps =
        WorstSteps.NONE.with(1, step(200), 0).with(3, step(150), 0).with(3, step(300), 0);
    assertEquals(List.of(300L, 200L), lengths(steps, 0));
  }

  @Test
  void afterTenMinutesAStepIsForgotten() {
    WorstSteps steps = WorstSteps.NONE.with(1, step(300), 0).with(3, step(200), 5 * MINUTE);
    assertEquals(List.of(300L, 200L), lengths(steps, 10 * MINUTE));
    assertEquals(List.of(200L), lengths(steps, 10 * MINUTE + 1));
    assertEquals(List.of(), lengths(steps, 15 * MINUTE + 1));
  }

  @Test
  void anOldStepTakesNoRoom() {
    WorstSteps steps = WorstSteps.NONE;
    for (int i = 0; i < 10; i++) {
      steps = steps.with(i, step(1000), 0);
    }
    steps = steps.with(99, step(1), 11 * MINUTE);
    assertEquals(List.of(1L), lengths(steps, 11 * MINUTE));
  }
}
