package asyncio.internal.bridge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A pool of one thread that is busy until the test lets it go on. */
@Timeout(30)
class HelperPoolTest {
  private static final int ROOM = 1_000;

  private HelperPool pool = new HelperPool("test", 1, ROOM);
  private final CountDownLatch begun = new CountDownLatch(1);
  private final CountDownLatch free = new CountDownLatch(1);
  private final Queue<String> ran = new ConcurrentLinkedQueue<>();

  private HelperPool.Submitted occupy() throws InterruptedException {
    var submitted = pool.submit(() -> {
      begun.countDown();
      try {
        free.await();
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
    });
    begun.await();
    return submitted;
  }

  /** What ran, when all that waited has. */
  private List<String> end() {
    free.countDown();
    pool.close();
    assertEquals(List.of(), pool.awaitEnd(System.nanoTime() + 20_000_000_000L));
    return List.copyOf(ran);
  }

  @Test
  void aJobThatIsWithdrawnNeverRuns() throws Exception {
    var running = occupy();
    var first = pool.submit(() -> ran.add("first"));
    pool.submit(() -> ran.add("second"));
    assertTrue(first.withdraw());
    assertFalse(first.withdraw());
    assertFalse(running.withdraw());
    assertEquals(List.of("second"), end());
  }

  @Test
  void moreThanThereIsRoomForAreRefusedUntilSomeAreWithdrawn() throws Exception {
    occupy();
    List<HelperPool.Submitted> waiting = new ArrayList<>();
    for (int i = 0; i < ROOM; i++) {
      waiting.add(pool.submit(() -> {}));
    }
    assertThrows(RejectedExecutionException.class, () -> pool.submit(() -> ran.add("refused")));
    assertTrue(waiting.getFirst().withdraw());
    pool.submit(() -> ran.add("accepted"));
    assertEquals(List.of("accepted"), end());
  }

  @Test
  void thoseThatAreWithdrawnLeaveRoom() throws Exception {
    occupy();
    for (int i = 0; i < 3; i++) {
      withdrawAll(ROOM);
    }
    pool.submit(() -> ran.add("last"));
    assertEquals(List.of("last"), end());
  }

  /** Where each looks for itself among the others this is 80 thousand million looks. */
  @Test
  void manyThatAreWithdrawnDoNotLookAtEachOther() throws Exception {
    pool = new HelperPool("test", 1);
    occupy();
    withdrawAll(400_000);
    pool.submit(() -> ran.add("last"));
    assertEquals(List.of("last"), end());
  }

  private void withdrawAll(int jobs) {
    List<HelperPool.Submitted> waiting = new ArrayList<>();
    for (int i = 0; i < jobs; i++) {
      waiting.add(pool.submit(() -> ran.add("withdrawn")));
    }
    waiting.reversed().forEach(HelperPool.Submitted::withdraw);
  }
}
