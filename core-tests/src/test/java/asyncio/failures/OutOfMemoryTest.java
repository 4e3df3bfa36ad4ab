package asyncio.failures;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.run;
import static asyncio.Asyncio.runningLoop;
import static asyncio.Asyncio.sleep;
import static asyncio.Asyncio.toThread;
import static asyncio.Asyncio.yieldNow;
import static asyncio.support.Texts.assertAnyContains;
import static java.time.Duration.ofDays;
import static java.time.Duration.ofNanos;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.Asyncio;
import asyncio.TaskGroup;
import asyncio.support.ChildJvm;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** An OutOfMemoryError of the JVM, wherever it comes from, ends its run and is told. */
class OutOfMemoryTest {
  private static void print(String line) {
    System.out.println(line);
    System.out.flush();
  }

  /** The JVM throws it, and there is memory enough for all else. */
  private static void throwIt() {
    int[] much = new int[Integer.MAX_VALUE];
    print("it has " + much.length);
  }

  /** Throws in one loop; another one, of another thread, goes on. Nobody catches it. */
  static final class Uncaught {
    public static void main(String[] arguments) throws Exception {
      var failed = new CountDownLatch(1);
      var went = new CountDownLatch(1);
      var started = new CountDownLatch(1);
      Thread.ofPlatform()
          .start(() -> run(() -> {
            started.countDown();
            while (failed.getCount() > 0) {
              sleep(ofNanos(1));
            }
            createTask(() -> sleep(ofNanos(1))).await();
            toThread(() -> 1);
            print("the other loop goes on");
            went.countDown();
          }));
      started.await();
      try {
        run(Uncaught::fail);
        print("run returned");
      } finally {
        failed.countDown();
        went.await();
      }
    }

    private static void fail() throws Exception {
      switch (System.getProperty("where")) {
        case "main task" -> throwIt();
        case "task" -> createTask(() -> throwIt());
        case "callback" -> runningLoop().callSoon(() -> throwIt());
        case "timer" -> runningLoop().callLater(ofNanos(1), () -> throwIt());
        case "done callback" -> createTask(() -> yieldNow()).addDoneCallback(_ -> throwIt());
        case "helper" -> createTask(() -> toThread(() -> throwIt()));
        case "group" -> {
          var group = new TaskGroup();
          group.run(() -> group.createTask(() -> throwIt()));
        }
        case "shield" -> Asyncio.shield(createTask(() -> throwIt()));
        default -> throw new IllegalArgumentException(System.getProperty("where"));
      }
      sleep(ofDays(1));
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "main task",
        "task",
        "callback",
        "timer",
        "done callback",
        "helper",
        "group",
        "shield"
      })
  void oneThatNobodyCatchesEndsItsRunAndTheProcessTellsButOtherLoopsGoOn(String where)
      throws Exception {
    try (var child = new ChildJvm(Uncaught.class, "-Xmx32m", "-Dwhere=" + where)) {
      int code = child.exitCode();
      List<String> lines = child.lines();
      assertEquals(1, code, lines::toString);
      assertTrue(lines.contains("the other loop goes on"), lines::toString);
      assertAnyContains(lines, "java.lang.OutOfMemoryError: Requested");
      assertTrue(!lines.contains("run returned"), lines::toString);
    }
  }
}
