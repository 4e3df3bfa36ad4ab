package asyncio.flow;

import static asyncio.Asyncio.await;
import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.runningLoop;
import static asyncio.Asyncio.sleep;
import static asyncio.Asyncio.toThread;
import static asyncio.Asyncio.yieldNow;
import static asyncio.support.Cancelling.assertCancelled;
import static asyncio.support.Texts.assertContains;
import static asyncio.support.Texts.assertEndsWith;
import static java.time.Duration.ofDays;
import static java.time.Duration.ofMillis;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.Action;
import asyncio.Asyncio;
import asyncio.CancelledError;
import asyncio.Task;
import asyncio.support.Failure;
import asyncio.support.Reports;
import asyncio.support.Sweep;
import asyncio.testing.AsyncTest;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Flow;
import java.util.concurrent.SubmissionPublisher;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** A publisher of others, iterated in a coroutine. */
class FlowItemsTest {
  private final ManualPublisher<Integer> publisher = new ManualPublisher<>();
  private final List<Integer> taken = new ArrayList<>();
  private final Reports reported = new Reports();

  private Task<?> consumer(FlowItems<Integer> items) {
    return createTask(() -> {
      for (int item : items) {
        taken.add(item);
      }
    });
  }

  /** What was sent comes through the inbox, and the consumer has its step. */
  private static void settle() {
    for (int i = 0; i < 4; i++) {
      yieldNow();
    }
  }

  // ---- items ----

  @AsyncTest
  void itemsOfAnotherThreadComeInOrderUntilTheEnd() {
    List<Integer> sent = IntStream.range(0, 1_000).boxed().toList();
    var source = new SubmissionPublisher<Integer>();
    try (var items = Flows.subscribe(source, 16)) {
      var sending = createTask(() -> toThread(() -> {
        sent.forEach(source::submit);
        source.close();
      }));
      for (int item : items) {
        taken.add(item);
      }
      sending.await();
    }
    assertEquals(sent, taken);
  }

  @AsyncTest
  void whatIsThereIsTakenWithoutSuspending() {
    try (var items = Flows.subscribe(publisher)) {
      settle();
      publisher.next(1);
      publisher.next(2);
      publisher.complete();
      settle();
      createTask(() -> taken.add(0));
      for (int item : items) {
        taken.add(item);
      }
    }
    assertEquals(List.of(1, 2), taken);
  }

  @AsyncTest
  void anEmptyPublisherEndsTheIteration() {
    try (var items = Flows.subscribe(publisher)) {
      publisher.complete();
      Iterator<Integer> each = items.iterator();
      assertFalse(each.hasNext());
      assertThrows(NoSuchElementException.class, each::next);
    }
    assertFalse(publisher.cancelled.isDone());
  }

  @AsyncTest
  void aSecondIterationGoesOnWhereTheFirstWasLeft() {
    try (var items = Flows.subscribe(publisher)) {
      settle();
      for (int i = 1; i <= 4; i++) {
        publisher.next(i);
      }
      publisher.complete();
      for (int item : items) {
        taken.add(item);
        if (item == 2) {
          break;
        }
      }
      taken.add(0);
      for (int item : items) {
        taken.add(item);
      }
    }
    assertEquals(List.of(1, 2, 0, 3, 4), taken);
  }

  @AsyncTest
  void severalTasksShareTheItems() {
    try (var items = Flows.subscribe(publisher)) {
      var first = consumer(items);
      var second = consumer(items);
      settle();
      publisher.next(1);
      publisher.next(2);
      publisher.next(3);
      settle();
      publisher.complete();
      first.await();
      second.await();
    }
    assertEquals(List.of(1, 2, 3), taken);
  }

  // ---- back-pressure ----

  @AsyncTest
  void neverMoreThanTheBufferIsRequestedAhead() {
    try (var items = Flows.subscribe(publisher, 4)) {
      settle();
      assertEquals(List.of(4L), publisher.requests);
      for (int i = 0; i < 4; i++) {
        publisher.next(i);
      }
      Iterator<Integer> each = items.iterator();
      for (int i = 0; i < 40; i++) {
        assertEquals(i, each.next());
        // Those that wait in the buffer count as well.
        long inFlight = publisher.demand() + publisher.sent - (i + 1);
        assertTrue(inFlight <= 4, "in flight: " + inFlight);
        while (publisher.demand() > 0) {
          publisher.next((int) publisher.sent);
        }
      }
      assertEquals(List.of(4L, 2L, 2L), publisher.requests.subList(0, 3));
    }
  }

  @AsyncTest
  void aBufferOfOneRequestsOneByOne() {
    try (var items = Flows.subscribe(publisher, 1)) {
      settle();
      Iterator<Integer> each = items.iterator();
      for (int i = 0; i < 3; i++) {
        assertEquals(i + 1, publisher.requests.size());
        publisher.next(i);
        assertEquals(i, each.next());
      }
    }
    assertEquals(List.of(1L, 1L, 1L, 1L), publisher.requests);
  }

  @AsyncTest
  void aBufferOfLessThanOneIsRefused() {
    assertThrows(IllegalArgumentException.class, () -> Flows.subscribe(publisher, 0));
    assertThrows(NullPointerException.class, () -> Flows.subscribe(null));
    assertEquals(null, publisher.subscriber);
  }

  @AsyncTest
  void thePublisherIsCalledInCoroutinesAlone() {
    try (var items = Flows.subscribe(publisher, 1)) {
      settle();
      publisher.next(1);
      items.iterator().next();
    }
    assertEquals(3, publisher.calledOn.size());
    assertTrue(publisher.calledOn.stream().allMatch(Thread::isVirtual));
    assertSame(Thread.currentThread(), publisher.calledOn.get(2));
  }

  // ---- failures ----

  @AsyncTest
  void aFailureComesAfterTheItemsAsItIs() {
    var failure = new Failure("x");
    try (var items = Flows.subscribe(publisher)) {
      settle();
      publisher.next(1);
      publisher.fail(failure);
      var thrown = assertThrows(Failure.class, () -> {
        for (int item : items) {
          taken.add(item);
        }
      });
      assertSame(failure, thrown);
      // A second receiver gets one of its own.
      var again = assertThrows(RuntimeException.class, () -> items.iterator().next());
      assertNotSame(failure, again);
      assertSame(failure, again.getCause());
    }
    assertEquals(List.of(1), taken);
    assertFalse(publisher.cancelled.isDone());
  }

  @AsyncTest
  void aCheckedFailureIsWrappedOnce() {
    var failure = new IOException("x");
    try (var items = Flows.subscribe(publisher)) {
      publisher.fail(failure);
      var thrown =
          assertThrows(CompletionException.class, () -> items.iterator().next());
      assertSame(failure, thrown.getCause());
    }
  }

  @AsyncTest
  void aFailureEndsTheWaitOfAllWhoIterate() {
    try (var items = Flows.subscribe(publisher)) {
      var first = consumer(items);
      var second = consumer(items);
      settle();
      publisher.fail(new Failure("x"));
      assertThrows(Failure.class, first::await);
      assertThrows(RuntimeException.class, second::await);
    }
  }

  @AsyncTest
  void theCancelSignalOfAnotherLoopIsNoCancelHere() {
    try (var items = Flows.subscribe(publisher)) {
      publisher.fail(new CancelledError("there"));
      var thrown =
          assertThrows(CancellationException.class, () -> items.iterator().next());
      assertEquals("there", thrown.getMessage());
    }
  }

  @AsyncTest
  void aFailureThatNobodyReceivesIsReported() {
    var failure = new Failure("x");
    toThread(() -> Asyncio.run(() -> {
      runningLoop().setExceptionHandler(reported);
      Flows.subscribe(publisher);
      publisher.fail(failure);
      settle();
    }));
    assertSame(failure, reported.only().exception());
  }

  @AsyncTest
  void aFailureThatIsClosedAwayIsNotReported() {
    toThread(() -> Asyncio.run(() -> {
      runningLoop().setExceptionHandler(reported);
      try (var _ = Flows.subscribe(publisher)) {
        publisher.fail(new Failure("x"));
        settle();
      }
    }));
    reported.assertNone();
  }

  @AsyncTest
  void whatSubscribeThrowsComesOut() {
    var failure = new Failure("x");
    Flow.Publisher<Integer> broken = subscriber -> {
      throw failure;
    };
    assertSame(failure, assertThrows(Failure.class, () -> Flows.subscribe(broken)));
  }

  @AsyncTest
  void aPublisherThatSendsMoreThanWasRequestedIsCancelled() {
    try (var items = Flows.subscribe(publisher, 2)) {
      settle();
      for (int i = 0; i < 4; i++) {
        publisher.next(i);
      }
      settle();
      assertTrue(publisher.cancelled.isDone());
      Iterator<Integer> each = items.iterator();
      assertEquals(0, each.next());
      assertEquals(1, each.next());
      var thrown = assertThrows(IllegalStateException.class, each::next);
      assertContains(thrown.getMessage(), "more items than were requested");
    }
  }

  @AsyncTest
  void aRequestThatThrowsIsAFailureOfThePublisher() {
    var failure = new Failure("x");
    var broken = new ManualPublisher<Integer>() {
      @Override
      public void request(long n) {
        super.request(n);
        if (requests.size() == 2) {
          throw failure;
        }
      }
    };
    try (var items = Flows.subscribe(broken, 1)) {
      settle();
      broken.next(1);
      Iterator<Integer> each = items.iterator();
      assertEquals(1, each.next());
      assertTrue(broken.cancelled.isDone());
      assertSame(failure, assertThrows(Failure.class, each::next));
    }
  }

  @AsyncTest
  void aCancelThatThrowsIsReportedAndHindersNobody() {
    var failure = new Failure("x");
    var broken = new ManualPublisher<Integer>() {
      @Override
      public void cancel() {
        throw failure;
      }
    };
    runningLoop().setExceptionHandler(reported);
    try (var items = Flows.subscribe(broken)) {
      settle();
      assertContains(items.toString(), "requested=");
    }
    assertSame(failure, reported.only().exception());
  }

  // ---- cancel ----

  @AsyncTest
  void aCancelInNextLosesNoItem() {
    try (var items = Flows.subscribe(publisher)) {
      var consumer = consumer(items);
      settle();
      publisher.next(1);
      consumer.cancel("why");
      publisher.next(2);
      assertCancelled("why", consumer);
      publisher.complete();
      for (int item : items) {
        taken.add(item);
      }
    }
    assertEquals(List.of(1, 2), taken);
    assertFalse(publisher.cancelled.isDone());
  }

  @AsyncTest
  void aCancelThatComesWithAnItemPassesItOn() {
    try (var items = Flows.subscribe(publisher)) {
      var first = consumer(items);
      var second = consumer(items);
      settle();
      publisher.next(1); // the first one is woken for it, and cancelled before it runs
      runningLoop().callSoonThreadsafe(() -> first.cancel());
      settle();
      assertEquals(List.of(1), taken);
      publisher.complete();
      assertThrows(CancelledError.class, first::await);
      second.await();
    }
  }

  @AsyncTest
  void aCancelInsideARequestIsNoFailureOfThePublisherAndStrikesAtTheNextWait() {
    var slow = new ManualPublisher<Integer>() {
      @Override
      public void request(long n) {
        super.request(n);
        if (requests.size() == 2) {
          sleep(ofDays(1));
        }
      }
    };
    try (var items = Flows.subscribe(slow, 1)) {
      settle();
      var consumer = consumer(items);
      slow.next(1);
      settle();
      consumer.cancel("why");
      assertCancelled("why", consumer);
      assertEquals(List.of(1), taken);
      slow.next(2);
      assertEquals(2, items.iterator().next());
      assertFalse(slow.cancelled.isDone());
    }
  }

  @AsyncTest
  void aCancelInsideTheCancelOfASubscriptionIsNotReportedAndStrikesAtTheNextWait() {
    var slow = new ManualPublisher<Integer>() {
      @Override
      public void cancel() {
        super.cancel();
        sleep(ofDays(1));
      }
    };
    runningLoop().setExceptionHandler(reported);
    var items = Flows.subscribe(slow);
    settle();
    var closer = createTask(() -> {
      items.close();
      sleep(ofDays(1));
    });
    settle();
    closer.cancel("why");
    assertCancelled("why", closer);
    reported.assertNone();
  }

  @AsyncTest
  void cancelledAtEachWaitNoItemIsLostAndTheSourceIsCancelledOnce() throws Exception {
    int turns = Sweep.play(Consuming::new);
    assertTrue(turns >= 8, "only " + turns + " turns");
  }

  private static final class Consuming implements Sweep.Scenario {
    private final ManualPublisher<Integer> source = new ManualPublisher<>();
    private final List<Integer> taken = new ArrayList<>();
    private int sent;
    private boolean entered;

    @Override
    public void victim() {
      entered = true;
      try (var items = Flows.<Integer>subscribe(source, 2)) {
        try {
          for (int item : items) {
            taken.add(item);
            yieldNow();
          }
        } finally {
          // As a consumer that cleans up: what had come is still there.
          while (!items.toString().startsWith("FlowItems[buffered=0")) {
            taken.add(items.iterator().next());
          }
        }
      }
    }

    @Override
    public void others() {
      for (int i = 0; i < 8 && !source.cancelled.isDone(); i++) {
        if (source.demand() > 0) {
          source.next(sent++);
        }
        sleep(ofMillis(1));
      }
      if (source.subscriber != null && !source.cancelled.isDone()) {
        source.complete();
      }
    }

    @Override
    public void check() {
      assertEquals(IntStream.range(0, taken.size()).boxed().toList(), taken);
      if (!entered || source.cancelled.isDone()) {
        return;
      }
      assertEquals(sent, taken.size());
    }
  }

  // ---- leaving ----

  @AsyncTest
  void leavingTheLoopEarlyCancelsTheSubscription() {
    try (var items = Flows.subscribe(publisher)) {
      settle();
      publisher.next(1);
      publisher.next(2);
      for (int item : items) {
        taken.add(item);
        break;
      }
    }
    assertTrue(publisher.cancelled.isDone());
    assertEquals(List.of(1), taken);
    // Signals may still be on their way.
    publisher.next(3);
    publisher.fail(new Failure("late"));
    settle();
  }

  @AsyncTest
  void closingEndsTheIterationOfOthers() {
    var items = Flows.<Integer>subscribe(publisher);
    var consumer = consumer(items);
    settle();
    items.close();
    items.close();
    consumer.await();
    assertTrue(publisher.cancelled.isDone());
    assertEndsWith(items.toString(), "closed]");
    var misuse = assertThrows(IllegalStateException.class, items::iterator);
    assertContains(misuse.getMessage(), "closed");
  }

  @AsyncTest
  void aCloseInsideARequestCancelsAfterIt() {
    List<String> calls = new ArrayList<>();
    List<FlowItems<Integer>> items = new ArrayList<>();
    var source = new ManualPublisher<Integer>() {
      @Override
      public void request(long n) {
        calls.add("request begins");
        items.getFirst().close();
        calls.add("request ends");
      }

      @Override
      public void cancel() {
        calls.add("cancel");
      }
    };
    items.add(Flows.subscribe(source));
    settle();
    assertEquals(List.of("request begins", "request ends", "cancel"), calls);
  }

  @AsyncTest
  void aSubscriptionThatComesAfterTheCloseIsCancelled() {
    List<Flow.Subscriber<? super Integer>> subscribers = new ArrayList<>();
    try (var _ = Flows.<Integer>subscribe(subscribers::add)) {
      yieldNow();
    }
    subscribers.getFirst().onSubscribe(publisher);
    settle();
    assertTrue(publisher.cancelled.isDone());
    assertEquals(List.of(), publisher.requests);
  }

  @AsyncTest
  void aSecondSubscriptionIsCancelledAtOnce() {
    var second = new ManualPublisher<Integer>();
    try (var _ = Flows.subscribe(publisher)) {
      publisher.subscriber.onSubscribe(second);
      assertTrue(second.cancelled.isDone());
      settle();
      assertFalse(publisher.cancelled.isDone());
    }
  }

  @AsyncTest
  void whenTheLoopClosesTheSubscriptionIsCancelled() {
    toThread(() -> Asyncio.run(() -> {
      Flows.subscribe(publisher);
      settle();
    }));
    await(publisher.cancelled);
    publisher.next(1);
    publisher.fail(new Failure("late"));
    publisher.complete();
    // One that was on its way.
    var late = new ManualPublisher<Integer>();
    List<Flow.Subscriber<? super Integer>> subscribers = new ArrayList<>();
    toThread(() -> Asyncio.run(() -> Flows.<Integer>subscribe(subscribers::add)));
    subscribers.getFirst().onSubscribe(late);
    assertTrue(late.cancelled.isDone());
  }

  @AsyncTest
  void aTaskThatIteratesWhenTheLoopEndsIsCancelledAndCloses() {
    var closedIn = new CompletableFuture<String>();
    toThread(() -> Asyncio.run(() -> {
      createTask("consumer", () -> {
        try (var items = Flows.subscribe(publisher)) {
          items.iterator().next();
        } finally {
          closedIn.complete(String.valueOf(publisher.cancelled.isDone()));
        }
      });
      settle();
    }));
    assertEquals("true", await(closedIn));
  }

  // ---- misuse ----

  @AsyncTest
  void itIsUsedOnItsLoopAlone() {
    try (var items = Flows.subscribe(publisher)) {
      Iterator<Integer> each = items.iterator();
      assertInstanceOf(IllegalStateException.class, toThread(() -> thrownBy(each::next)));
      assertInstanceOf(IllegalStateException.class, toThread(() -> thrownBy(items::close)));
      var error = new Exception[1];
      runningLoop().callSoon(() -> error[0] = thrownBy(each::next));
      yieldNow();
      assertContains(error[0].getMessage(), "createTask");
    }
  }

  private static Exception thrownBy(Action<?> action) {
    try {
      action.run();
      return null;
    } catch (Exception thrown) {
      return thrown;
    }
  }

  @Test
  void outsideALoopItIsAnError() {
    assertThrows(IllegalStateException.class, () -> Flows.subscribe(publisher));
  }
}
