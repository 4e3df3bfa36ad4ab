package asyncio.internal.scheduler;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;

import asyncio.CarrierKind;
import java.util.Arrays;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** A look at one of the loops is told from none by a list of loops that are null. */
class UnmarkedTest {
  private final Scheduler[] many = new Scheduler[Unmarked.FEW + 1];
  private final Scheduler[] unseen = new Scheduler[Unmarked.FEW + 1];

  UnmarkedTest() {
    Arrays.setAll(many, i -> loop());
  }

  private static Scheduler loop() {
    return WithoutSockets.loop("one of many", CarrierKind.PORTABLE);
  }

  private static <T> T inAVirtualThread(Callable<T> body) throws Exception {
    var task = new FutureTask<T>(body);
    Thread.ofVirtual().start(task);
    return task.get();
  }

  private static @Nullable Scheduler current(Scheduler[] loops) {
    return Unmarked.current(Thread.currentThread(), loops);
  }

  @Test
  void aThreadThatIsNoCoroutineLooksAtManyLoopsOnce() throws Exception {
    int looks = inAVirtualThread(() -> {
      assertNull(current(many));
      assertNull(current(unseen));
      return 1;
    });
    assertEquals(1, looks);
  }

  @Test
  void aCoroutineWithAHandlerOfItsOwnLooksOnceAndIsKnownWhileItRuns() throws Exception {
    Scheduler last = many[many.length - 1];
    Scheduler found = inAVirtualThread(() -> {
      last.running = Thread.currentThread();
      Scheduler first = current(many);
      assertSame(first, current(unseen));
      last.running = null;
      assertNull(current(unseen));
      last.running = Thread.currentThread();
      return current(unseen);
    });
    assertSame(last, found);
  }

  @Test
  void oneThatAsksFirstWhileItHasGivenUpItsPlaceIsFoundWhenItIsBack() throws Exception {
    Scheduler last = many[many.length - 1];
    Scheduler found = inAVirtualThread(() -> {
      assertNull(current(many));
      last.running = Thread.currentThread();
      Unmarked.forgetStranger();
      return current(many);
    });
    assertSame(last, found);
  }
}
