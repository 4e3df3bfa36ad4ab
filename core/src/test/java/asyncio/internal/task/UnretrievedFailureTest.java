package asyncio.internal.task;

import static asyncio.Asyncio.runningLoop;
import static org.junit.jupiter.api.Assertions.assertEquals;

import asyncio.Asyncio;
import asyncio.Future;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.Test;

/** What no test can make the garbage collector do at the right moment. */
class UnretrievedFailureTest {
  private final ConcurrentLinkedQueue<Throwable> reported = new ConcurrentLinkedQueue<>();

  private UnretrievedFailure failed(Throwable failure) {
    runningLoop().setExceptionHandler((loop, context) -> reported.add(context.exception()));
    return UnretrievedFailure.watch(new Future<Integer>(), failure);
  }

  @Test
  void oneThatIsCollectedInTheLastStepOfARunIsReported() {
    var failure = new IllegalStateException("lost");
    Asyncio.run(() -> failed(failure).run());
    assertEquals(List.of(failure), List.copyOf(reported));
  }

  @Test
  void oneThatIsReportedAtTheEndOfTheRunAndCollectedThenIsReportedOnce() {
    var failure = new IllegalStateException("lost");
    UnretrievedFailure collected = Asyncio.run(() -> {
      UnretrievedFailure report = failed(failure);
      report.run();
      report.run();
      return report;
    });
    collected.run();
    assertEquals(List.of(failure), List.copyOf(reported));
  }
}
