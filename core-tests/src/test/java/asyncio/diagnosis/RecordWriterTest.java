package asyncio.diagnosis;

import static asyncio.support.Texts.assertStartsWith;
import static org.junit.jupiter.api.Assertions.assertEquals;

import asyncio.internal.log.RecordWriter;
import asyncio.support.CapturedLog;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Records are written by a thread of their own, which a log that blocks may hold up. */
class RecordWriterTest {
  @Test
  @Timeout(20)
  void whatIsTooMuchForALogThatBlocksIsDroppedAndCounted() throws Exception {
    var begun = new CountDownLatch(1);
    var blocks = new CountDownLatch(1);
    List<Integer> written = new CopyOnWriteArrayList<>();
    try (var log = new CapturedLog("asyncio.watchdog")) {
      RecordWriter.submit(() -> {
        begun.countDown();
        await(blocks);
      });
      begun.await();
      for (int i = 0; i < 103; i++) {
        int number = i;
        RecordWriter.submit(() -> written.add(number));
      }
      blocks.countDown();
      log.spinUntil("dropped");
      String told = log.messages().getFirst();
      assertStartsWith(told, "3 records were dropped");
      var after = new CountDownLatch(1);
      RecordWriter.submit(after::countDown);
      after.await();
      assertEquals(IntStream.range(0, 100).boxed().toList(), written);
      assertEquals(1, log.messages().size());
    } finally {
      blocks.countDown();
    }
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException nobodyDoes) {
      throw new AssertionError(nobodyDoes);
    }
  }
}
