package asyncio.flow;

import static asyncio.Asyncio.await;
import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.currentTask;
import static asyncio.Asyncio.runningLoop;
import static asyncio.Asyncio.sleep;
import static asyncio.Asyncio.toThread;
import static asyncio.Asyncio.yieldNow;
import static asyncio.support.Cancelling.sleepAndCleanUp;
import static asyncio.support.Texts.assertContains;
import static asyncio.support.Texts.assertStartsWith;
import static java.time.Duration.ofDays;
import static java.time.Duration.ofMillis;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.Asyncio;
import asyncio.CancelledError;
import asyncio.ContextVar;
import asyncio.Coroutine;
import asyncio.EventLoop;
import asyncio.Task;
import asyncio.TaskFactory;
import asyncio.TaskGroup;
import asyncio.TaskOptions;
import asyncio.support.CapturedLog;
import asyncio.support.Failure;
import asyncio.support.Only;
import asyncio.support.Order;
import asyncio.support.Reports;
import asyncio.support.Sweep;
import asyncio.testing.AsyncTest;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Flow;
import java.util.concurrent.SubmissionPublisher;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** A coroutine's items, given to a subscriber. */
class FlowPublisherTest {
  private final Order order = new Order();
  private final Reports reported = new Reports();

  private static Flow.Publisher<Integer> range(int count) {
    return Flows.publisher(out -> {
      for (int i = 0; i < count; i++) {
        out.emit(i);
      }
    });
  }

  /** Emits 0, 1, 2 … and notes how it ends. */
  private Flow.Publisher<Integer> endless() {
    return Flows.publisher(out -> {
      order.add("began");
      try {
        for (int i = 0; ; i++) {
          out.emit(i);
        }
      } finally {
        order.add("clean-up");
      }
    });
  }

  private static void settle() {
    for (int i = 0; i < 4; i++) {
      yieldNow();
    }
  }

  private static void throwAny(Throwable failure) throws Exception {
    if (failure instanceof Error error) {
      throw error;
    }
    throw (Exception) failure;
  }

  private void collectReports() {
    runningLoop().setExceptionHandler(reported);
  }

  // ---- items ----

  @AsyncTest
  void eachSubscriberGetsAllItemsAndTheEnd() {
    var publisher = range(3);
    var first = new RecordingSubscriber<Integer>(10);
    var second = new RecordingSubscriber<Integer>(10);
    publisher.subscribe(first);
    publisher.subscribe(second);
    await(first.ended);
    await(second.ended);
    assertEquals(List.of("subscribed", 0, 1, 2, "complete"), first.signals);
    assertEquals(first.signals, second.signals);
  }

  @AsyncTest
  void nothingIsEmittedThatWasNotRequested() {
    var subscriber = new RecordingSubscriber<Integer>(0);
    range(5).subscribe(subscriber);
    settle();
    assertEquals(List.of("subscribed"), subscriber.signals);
    subscriber.subscription.request(2);
    settle();
    assertEquals(List.of("subscribed", 0, 1), subscriber.signals);
    toThread(() -> subscriber.subscription.request(1));
    settle();
    assertEquals(List.of("subscribed", 0, 1, 2), subscriber.signals);
    subscriber.subscription.request(Long.MAX_VALUE);
    subscriber.subscription.request(Long.MAX_VALUE);
    await(subscriber.ended);
    assertEquals(List.of("subscribed", 0, 1, 2, 3, 4, "complete"), subscriber.signals);
    subscriber.subscription.request(1);
    subscriber.subscription.request(0);
    subscriber.subscription.cancel();
    settle();
    assertEquals(7, subscriber.signals.size());
  }

  @AsyncTest
  void emitDoesNotSuspendWhileThereIsDemand() {
    var subscriber = new RecordingSubscriber<Integer>(3);
    range(3).subscribe(subscriber);
    createTask(() -> subscriber.signals.add("other"));
    await(subscriber.ended);
    settle();
    assertEquals(List.of("subscribed", 0, 1, 2, "complete", "other"), subscriber.signals);
  }

  @AsyncTest
  void theEndNeedsNoDemand() {
    var subscriber = new RecordingSubscriber<Integer>(0);
    range(0).subscribe(subscriber);
    await(subscriber.ended);
    assertEquals(List.of("subscribed", "complete"), subscriber.signals);
  }

  @AsyncTest
  void theSubscriberIsCalledInTheCoroutineOfTheBody() {
    Thread[] body = new Thread[1];
    var subscriber = new RecordingSubscriber<Integer>(3);
    Flows.<Integer>publisher(out -> {
          body[0] = Thread.currentThread();
          out.emit(1);
          sleep(ofMillis(1));
          out.emit(2);
        })
        .subscribe(subscriber);
    await(subscriber.ended);
    assertEquals(Set.of(body[0]), new HashSet<>(subscriber.calledOn));
    assertTrue(body[0].isVirtual());
    assertNotSame(Thread.currentThread(), body[0]);
  }

  @AsyncTest
  void itIsSubscribedToFromAnyThread() {
    var loop = runningLoop();
    var subscriber = new RecordingSubscriber<Integer>(10);
    toThread(() -> Flows.<Integer>publisher(loop, out -> out.emit(1)).subscribe(subscriber));
    await(subscriber.ended);
    assertEquals(List.of("subscribed", 1, "complete"), subscriber.signals);
  }

  @AsyncTest
  void theBodyRunsInACopyOfTheSubscribersContext() {
    var user = new ContextVar<>("user", "-");
    Flow.Publisher<String> publisher = Flows.publisher(out -> out.emit(user.get()));
    user.set("ada");
    var subscriber = new RecordingSubscriber<String>(1);
    publisher.subscribe(subscriber);
    await(subscriber.ended);
    assertEquals("ada", subscriber.signals.get(1));
  }

  @AsyncTest
  void aProcessorOfTheJdkTakesTheItems() {
    var received = new ArrayList<Integer>();
    var processor = new SubmissionPublisher<Integer>();
    var done = processor.consume(received::add);
    range(100).subscribe(new RecordingSubscriber<Integer>(100) {
      @Override
      void take(Integer item) {
        processor.offer(item, null);
      }

      @Override
      public void onComplete() {
        processor.close();
      }
    });
    await(done);
    assertEquals(IntStream.range(0, 100).boxed().toList(), received);
  }

  @AsyncTest
  void aSubscriberMayWait() {
    var subscriber = new RecordingSubscriber<Integer>(10) {
      @Override
      void take(Integer item) {
        sleep(ofMillis(item));
        order.add(item + " at " + runningLoop().time().toMillis());
      }
    };
    range(4).subscribe(subscriber);
    await(subscriber.ended);
    order.assertIs("0 at 0", "1 at 1", "2 at 3", "3 at 6");
  }

  // ---- failures ----

  @AsyncTest
  void whatTheBodyThrowsIsTheError() {
    for (Throwable failure : List.of(new Failure("x"), new IOException("x"), new Error("x"))) {
      var subscriber = new RecordingSubscriber<Integer>(10);
      Flows.<Integer>publisher(out -> {
            out.emit(1);
            throwAny(failure);
          })
          .subscribe(subscriber);
      assertSame(failure, await(subscriber.ended));
      assertEquals(List.of("subscribed", 1, failure), subscriber.signals);
    }
    settle();
    assertEquals(List.of(currentTask()), runningLoop().allTasks());
  }

  @AsyncTest
  void aFatalErrorIsToldAndEndsTheRun() {
    var subscriber = new RecordingSubscriber<Integer>(10);
    var fatal = new InternalError("x");
    toThread(() -> assertSame(
        fatal,
        assertThrows(
            InternalError.class,
            () -> Asyncio.run(() -> {
              Flows.<Integer>publisher(out -> {
                    throw fatal;
                  })
                  .subscribe(subscriber);
              sleep(ofDays(1));
            }))));
    assertEquals(List.of("subscribed", fatal), subscriber.signals);
  }

  @AsyncTest
  void aRequestForNothingIsAnErrorAndEndsTheBody() {
    for (long n : new long[] {0, -1, Long.MIN_VALUE}) {
      order.clear();
      var subscriber = new RecordingSubscriber<Integer>(2);
      endless().subscribe(subscriber);
      settle();
      toThread(() -> subscriber.subscription.request(n));
      var error = assertInstanceOf(IllegalArgumentException.class, await(subscriber.ended));
      assertContains(error.getMessage(), "request(" + n + ")", "3.9");
      order.assertIs("began", "clean-up");
      assertEquals(4, subscriber.signals.size());
    }
  }

  @AsyncTest
  void aRequestForNothingInOnSubscribeKeepsTheBodyFromBeginning() {
    var subscriber = new RecordingSubscriber<Integer>(0) {
      @Override
      public void onSubscribe(Flow.Subscription subscription) {
        super.onSubscribe(subscription);
        subscription.request(0);
      }
    };
    endless().subscribe(subscriber);
    assertInstanceOf(IllegalArgumentException.class, await(subscriber.ended));
    order.assertIsEmpty();
  }

  @AsyncTest
  void aBodyThatFailsWhenItIsEndedForABadRequestIsNotForgotten() {
    var subscriber = new RecordingSubscriber<Integer>(0);
    var failure = new Failure("clean-up");
    Flows.<Integer>publisher(out -> sleepAndCleanUp(() -> {
          throw failure;
        }))
        .subscribe(subscriber);
    settle();
    subscriber.subscription.request(-1);
    assertEquals(List.of(failure), List.of(await(subscriber.ended).getSuppressed()));
  }

  @AsyncTest
  void noSubscriberIsAnError() {
    assertThrows(NullPointerException.class, () -> range(1).subscribe(null));
  }

  @AsyncTest
  void nullIsNotEmitted() {
    var subscriber = new RecordingSubscriber<Integer>(1);
    Flows.<Integer>publisher(out -> out.emit(null)).subscribe(subscriber);
    assertInstanceOf(NullPointerException.class, await(subscriber.ended));
  }

  // ---- the subscriber cancels ----

  @AsyncTest
  void aCancelWhileTheBodyWaitsForDemandEndsIt() {
    var subscriber = new RecordingSubscriber<Integer>(2);
    endless().subscribe(subscriber);
    settle();
    subscriber.subscription.cancel();
    subscriber.subscription.cancel();
    subscriber.subscription.request(1);
    settle();
    assertEquals(List.of("subscribed", 0, 1), subscriber.signals);
    order.assertIs("began", "clean-up");
    assertEquals(List.of(currentTask()), runningLoop().allTasks());
  }

  @AsyncTest
  void aCancelOnAnotherThreadEndsTheBody() {
    var subscriber = new RecordingSubscriber<Integer>(2);
    endless().subscribe(subscriber);
    settle();
    toThread(() -> subscriber.subscription.cancel());
    settle();
    assertEquals(List.of("subscribed", 0, 1), subscriber.signals);
    order.assertIs("began", "clean-up");
  }

  @AsyncTest
  void aCancelInOnSubscribeKeepsTheBodyFromBeginning() {
    var subscriber = new RecordingSubscriber<Integer>(0) {
      @Override
      public void onSubscribe(Flow.Subscription subscription) {
        super.onSubscribe(subscription);
        subscription.request(5);
        subscription.cancel();
      }
    };
    endless().subscribe(subscriber);
    settle();
    assertEquals(List.of("subscribed"), subscriber.signals);
    order.assertIsEmpty();
  }

  @AsyncTest
  void aCancelInOnNextEndsTheBodyAtItsNextEmit() {
    var subscriber = new RecordingSubscriber<Integer>(Long.MAX_VALUE) {
      @Override
      void take(Integer item) {
        if (item == 2) {
          subscription.cancel();
        }
      }
    };
    endless().subscribe(subscriber);
    settle();
    assertEquals(List.of("subscribed", 0, 1, 2), subscriber.signals);
    order.assertIs("began", "clean-up");
  }

  @AsyncTest
  void aCancelWhileTheBodyWaitsForSomethingElseEndsIt() {
    var subscriber = new RecordingSubscriber<Integer>(2);
    Flows.<Integer>publisher(out -> {
          out.emit(1);
          sleepAndCleanUp(() -> order.add("clean-up"));
        })
        .subscribe(subscriber);
    settle();
    subscriber.subscription.cancel();
    settle();
    assertEquals(List.of("subscribed", 1), subscriber.signals);
    order.assertIs("clean-up");
  }

  @AsyncTest
  void theCleanUpAfterACancelIsNotCutShort() {
    var subscriber = new RecordingSubscriber<Integer>(1);
    Flows.<Integer>publisher(out -> {
          try {
            out.emit(1);
            out.emit(2);
          } finally {
            sleep(ofMillis(5));
            order.add("clean-up");
          }
        })
        .subscribe(subscriber);
    settle();
    toThread(() -> subscriber.subscription.cancel());
    sleep(ofMillis(10));
    order.assertIs("clean-up");
  }

  @AsyncTest
  void aBodyThatNeverSuspendsIsStoppedByAnotherThread() {
    var enough = new CompletableFuture<Void>();
    var subscriber = new RecordingSubscriber<Integer>(Long.MAX_VALUE) {
      @Override
      public void onNext(Integer item) {
        if (item == 100) {
          enough.complete(null);
        }
      }
    };
    enough.thenRunAsync(() -> subscriber.subscription.cancel());
    Flows.<Integer>publisher(out -> {
          try {
            for (int i = 0; ; i++) {
              out.emit(i);
            }
          } finally {
            sleep(ofMillis(1)); // when the request of that thread comes to the loop
            order.add("clean-up");
          }
        })
        .subscribe(subscriber);
    sleep(ofMillis(5));
    order.assertIs("clean-up");
  }

  @AsyncTest
  void whatFailsAfterACancelIsReported() {
    collectReports();
    var failure = new Failure("clean-up");
    var subscriber = new RecordingSubscriber<Integer>(0);
    Flows.<Integer>publisher(out -> sleepAndCleanUp(() -> {
          throw failure;
        }))
        .subscribe(subscriber);
    settle();
    subscriber.subscription.cancel();
    settle();
    assertEquals(List.of("subscribed"), subscriber.signals);
    assertSame(failure, reported.only().exception());
    assertStartsWith(reported.only().task(), "Task-");
  }

  @AsyncTest
  void cancelledAtEachWaitTheBodyAlwaysCleansUpAndSignalsStop() throws Exception {
    int turns = Sweep.play(Emitting::new);
    assertTrue(turns >= 8, "only " + turns + " turns");
  }

  /** Publisher and items of one loop, back to back. */
  private static final class Emitting implements Sweep.Scenario {
    private final List<Integer> taken = new ArrayList<>();
    private int begun;
    private int ended;

    @Override
    public void victim() {
      Flow.Publisher<Integer> publisher = Flows.publisher(out -> {
        begun++;
        try {
          for (int i = 0; i < 6; i++) {
            out.emit(i);
            sleep(ofMillis(1));
          }
        } finally {
          yieldNow();
          ended++;
        }
      });
      try (var items = Flows.<Integer>subscribe(publisher, 2)) {
        for (int item : items) {
          taken.add(item);
        }
      }
    }

    @Override
    public void others() {
      sleep(ofMillis(20));
    }

    @Override
    public void check() {
      settle();
      assertEquals(begun, ended);
      assertEquals(IntStream.range(0, taken.size()).boxed().toList(), taken);
    }
  }

  // ---- the task or its loop ends ----

  @AsyncTest
  void aCancelOfTheBodysTaskIsTold() {
    Task<?>[] task = new Task<?>[1];
    var subscriber = new RecordingSubscriber<Integer>(1);
    Flows.<Integer>publisher(out -> {
          task[0] = currentTask();
          out.emit(1);
          sleep(ofDays(1));
        })
        .subscribe(subscriber);
    settle();
    task[0].cancel("why");
    var error = assertInstanceOf(CancellationException.class, await(subscriber.ended));
    assertEquals("why", error.getMessage());
    assertInstanceOf(CancelledError.class, error.getCause());
    settle();
    assertTrue(task[0].isCancelled());
  }

  @AsyncTest
  void aTaskThatIsCancelledBeforeItBeginsTellsItsSubscriber() {
    var subscriber = new RecordingSubscriber<Integer>(1);
    endless().subscribe(subscriber);
    runningLoop().allTasks().getLast().cancel("early");
    var error = assertInstanceOf(CancellationException.class, await(subscriber.ended));
    assertEquals("early", error.getMessage());
    assertEquals(List.of("subscribed", error), subscriber.signals);
    order.assertIsEmpty();
  }

  @AsyncTest
  void whenTheLoopEndsItsSubscribersAreTold() {
    var waits = new RecordingSubscriber<Integer>(2);
    var neverBegins = new RecordingSubscriber<Integer>(2);
    toThread(() -> Asyncio.run(() -> {
      endless().subscribe(waits);
      settle();
      endless().subscribe(neverBegins);
    }));
    assertInstanceOf(CancellationException.class, await(waits.ended));
    assertEquals(List.of("subscribed", 0, 1), waits.signals.subList(0, 3));
    await(neverBegins.ended);
    assertEquals(2, neverBegins.signals.size());
    order.assertIs("began", "clean-up");
  }

  @AsyncTest
  void aLoopThatIsClosedByHandTellsItsSubscribers() {
    var waits = new RecordingSubscriber<Integer>(2);
    var neverBegins = new RecordingSubscriber<Integer>(2);
    toThread(() -> {
      var loop = Asyncio.newEventLoop();
      loop.runUntilComplete(() -> {
        endless().subscribe(waits);
        settle();
      });
      Flows.<Integer>publisher(loop, out -> out.emit(1)).subscribe(neverBegins);
      try (var _ = new CapturedLog("asyncio.loop")) {
        loop.close();
      }
    });
    var error = assertInstanceOf(IllegalStateException.class, await(waits.ended));
    assertContains(error.getMessage(), "closed");
    assertEquals(List.of("subscribed", 0, 1, error), waits.signals);
    assertInstanceOf(IllegalStateException.class, await(neverBegins.ended));
  }

  @AsyncTest
  void aSubscriberThatOutlivesTheLoopIsToldWhenItReturns() {
    Only.mounted("on the portable carrier such a subscriber holds the loop");
    var go = new CountDownLatch(1);
    var subscriber = new RecordingSubscriber<Integer>(Long.MAX_VALUE) {
      @Override
      void take(Integer item) {
        try {
          go.await();
        } catch (InterruptedException unexpected) {
          throw new AssertionError(unexpected);
        }
      }
    };
    toThread(() -> {
      var loop = Asyncio.newEventLoop();
      loop.runUntilComplete(() -> {
        endless().subscribe(subscriber);
        settle();
      });
      try (var _ = new CapturedLog("asyncio.loop")) {
        loop.close();
      }
    });
    assertEquals(List.of("subscribed", 0), subscriber.signals);
    go.countDown();
    var error = assertInstanceOf(IllegalStateException.class, await(subscriber.ended));
    assertEquals(List.of("subscribed", 0, error), subscriber.signals);
  }

  @Test
  void aClosedLoopRefusesSubscribers() {
    Flow.Publisher<Integer> publisher = Asyncio.run(() -> range(1));
    var subscriber = new RecordingSubscriber<Integer>(1);
    publisher.subscribe(subscriber);
    var error = assertInstanceOf(IllegalStateException.class, subscriber.ended.join());
    assertContains(error.getMessage(), "closed");
    assertEquals(List.of("subscribed", error), subscriber.signals);
  }

  private static final class NamingFactory implements TaskFactory {
    @Override
    public <T> Task<T> create(EventLoop loop, Coroutine<T, ?> body, TaskOptions options) {
      return EAGER.create(loop, body, options.withName("made by the factory"));
    }
  }

  private record FailingFactory(Throwable failure) implements TaskFactory {
    @Override
    public <T> Task<T> create(EventLoop loop, Coroutine<T, ?> body, TaskOptions options) {
      if (failure instanceof Error error) {
        throw error;
      }
      throw (RuntimeException) failure;
    }
  }

  @AsyncTest
  void aTaskFactoryMakesTheTask() {
    runningLoop().setTaskFactory(new NamingFactory());
    var subscriber = new RecordingSubscriber<String>(1);
    Flow.Publisher<String> publisher =
        Flows.publisher(out -> out.emit(String.valueOf(currentTask().name())));
    publisher.subscribe(subscriber);
    assertEquals(List.of("subscribed", "made by the factory", "complete"), subscriber.signals);
    var other = new RecordingSubscriber<String>(1);
    toThread(() -> publisher.subscribe(other));
    await(other.ended);
    assertEquals(subscriber.signals, other.signals);
    settle();
  }

  @AsyncTest
  void aTaskFactoryThatFailsIsTheSubscribersError() {
    aFactoryThatThrowsIsTheSubscribersError(new Failure("factory"));
  }

  @AsyncTest
  void soIsOneThatFailsWithAnError() {
    aFactoryThatThrowsIsTheSubscribersError(new AssertionError("factory"));
  }

  private void aFactoryThatThrowsIsTheSubscribersError(Throwable failure) {
    collectReports();
    var publisher = range(1);
    var here = new RecordingSubscriber<Integer>(1);
    var there = new RecordingSubscriber<Integer>(1);
    runningLoop().setTaskFactory(new FailingFactory(failure));
    toThread(() -> publisher.subscribe(there));
    publisher.subscribe(here);
    assertSame(failure, await(here.ended));
    assertSame(failure, await(there.ended));
    runningLoop().setTaskFactory(TaskFactory.PLAIN);
    assertEquals(List.of("subscribed", failure), there.signals);
  }

  // ---- subscribers that break their contract ----

  @AsyncTest
  void aSubscriberThatThrowsIsCancelledAndReported() {
    collectReports();
    var failure = new Failure("subscriber");
    var subscriber = new RecordingSubscriber<Integer>(Long.MAX_VALUE) {
      @Override
      void take(Integer item) {
        if (item == 1) {
          throw failure;
        }
      }
    };
    endless().subscribe(subscriber);
    settle();
    assertEquals(List.of("subscribed", 0, 1), subscriber.signals);
    order.assertIs("began", "clean-up");
    assertSame(failure, reported.only().exception());
    assertContains(reported.only().message(), "onNext()");
  }

  @AsyncTest
  void oneThatThrowsAtItsBeginningOrEndIsReported() {
    collectReports();
    var failure = new Failure("subscriber");
    endless().subscribe(new RecordingSubscriber<Integer>(1) {
      @Override
      public void onSubscribe(Flow.Subscription subscription) {
        throw failure;
      }
    });
    range(0).subscribe(new RecordingSubscriber<Integer>(1) {
      @Override
      public void onComplete() {
        throw failure;
      }
    });
    settle();
    order.assertIsEmpty();
    assertEquals(2, reported.size());
    assertTrue(reported.all().stream().allMatch(context -> context.exception() == failure));
  }

  @AsyncTest
  void aCancelOfTheTaskWhileItsSubscriberWaitsIsNoFaultOfTheSubscriber() {
    collectReports();
    Task<?>[] task = new Task<?>[1];
    var subscriber = new RecordingSubscriber<Integer>(5) {
      @Override
      void take(Integer item) {
        task[0] = currentTask();
        sleep(ofDays(1));
      }
    };
    range(2).subscribe(subscriber);
    settle();
    task[0].cancel("why");
    assertEquals(
        "why",
        assertInstanceOf(CancellationException.class, await(subscriber.ended)).getMessage());
    reported.assertNone();
  }

  // ---- several tasks emit ----

  @AsyncTest
  void tasksOfTheBodyEmitOneAfterTheOther() {
    var subscriber = new RecordingSubscriber<String>(1) {
      @Override
      void take(String item) {
        sleep(ofMillis(1)); // the others come meanwhile
        subscription.request(1);
      }
    };
    Flows.<String>publisher(out -> {
          var group = new TaskGroup();
          group.run(() -> {
            for (String name : List.of("a", "b", "c")) {
              group.createTask(() -> {
                out.emit(name + 1);
                out.emit(name + 2);
              });
            }
          });
        })
        .subscribe(subscriber);
    await(subscriber.ended);
    assertEquals(
        List.of("subscribed", "a1", "b1", "c1", "a2", "b2", "c2", "complete"), subscriber.signals);
  }

  @AsyncTest
  void aCancelEndsAllTasksThatEmit() {
    var subscriber = new RecordingSubscriber<Integer>(1);
    Flows.<Integer>publisher(out -> {
          var group = new TaskGroup();
          group.run(() -> {
            for (int i = 0; i < 3; i++) {
              int n = i;
              group.createTask(() -> out.emit(n));
            }
          });
        })
        .subscribe(subscriber);
    settle();
    subscriber.subscription.cancel();
    settle();
    settle();
    assertEquals(List.of("subscribed", 0), subscriber.signals);
    assertEquals(List.of(currentTask()), runningLoop().allTasks());
  }

  @AsyncTest
  void oneThatIsCancelledInItsTurnLetsTheNextEmit() {
    var subscriber = new RecordingSubscriber<Integer>(0);
    Task<?>[] first = new Task<?>[1];
    Flows.<Integer>publisher(out -> {
          first[0] = createTask(() -> out.emit(1));
          var second = createTask(() -> out.emit(2));
          second.await();
        })
        .subscribe(subscriber);
    settle();
    subscriber.subscription.request(1);
    first[0].cancel(); // it was woken already
    await(subscriber.ended);
    assertEquals(List.of("subscribed", 2, "complete"), subscriber.signals);
    assertTrue(first[0].isCancelled());
  }

  @AsyncTest
  void theEndWaitsForATaskThatStillEmits() {
    var subscriber = new RecordingSubscriber<Integer>(5) {
      @Override
      void take(Integer item) {
        sleep(ofMillis(5));
      }
    };
    Task<?>[] left = new Task<?>[2];
    Flows.<Integer>publisher(out -> {
          left[0] = createTask(() -> out.emit(1));
          left[1] = createTask(() -> out.emit(2));
          sleep(ofMillis(1));
        })
        .subscribe(subscriber);
    await(subscriber.ended);
    assertEquals(List.of("subscribed", 1, "complete"), subscriber.signals);
    left[0].await();
    var error = assertThrows(IllegalStateException.class, left[1]::await);
    assertContains(error.getMessage(), "TaskGroup");
  }

  @AsyncTest
  void theEndIsToldWhenTheTaskThatStillEmitsIsCancelled() {
    var subscriber = new RecordingSubscriber<Integer>(0);
    Flows.<Integer>publisher(out -> {
          var left = createTask(() -> out.emit(1));
          yieldNow();
          subscriber.subscription.request(1);
          left.cancel(); // it was woken already
        })
        .subscribe(subscriber);
    await(subscriber.ended);
    assertEquals(List.of("subscribed", "complete"), subscriber.signals);
  }

  @AsyncTest
  void aTaskThatTheBodyForgotIsCancelledWithTheSubscription() {
    var subscriber = new RecordingSubscriber<Integer>(0);
    Task<?>[] forgotten = new Task<?>[1];
    Flows.<Integer>publisher(out -> {
          forgotten[0] = createTask(() -> out.emit(1));
          sleep(ofDays(1));
        })
        .subscribe(subscriber);
    settle();
    subscriber.subscription.cancel();
    settle();
    assertTrue(forgotten[0].isCancelled());
  }

  @AsyncTest
  void anEmitterIsUsedInCoroutinesOfItsLoop() {
    var subscriber = new RecordingSubscriber<Integer>(1);
    Exception[] errors = new Exception[2];
    Flows.<Integer>publisher(out -> {
          errors[0] = toThread(() -> assertThrows(IllegalStateException.class, () -> out.emit(1)));
          runningLoop()
              .callSoon(
                  () -> errors[1] = assertThrows(IllegalStateException.class, () -> out.emit(1)));
          yieldNow();
        })
        .subscribe(subscriber);
    await(subscriber.ended);
    assertContains(errors[0].getMessage(), "runCoroutineThreadsafe");
    assertContains(errors[1].getMessage(), "createTask");
    assertEquals(List.of("subscribed", "complete"), subscriber.signals);
  }

  // ---- both ways ----

  @AsyncTest
  void thereAndBackAgain() {
    try (var items = Flows.<Integer>subscribe(range(1_000), 8)) {
      for (int item : items) {
        order.add(item);
      }
    }
    order.assertIs(IntStream.range(0, 1_000).boxed().toList());
  }

  @AsyncTest
  void itemsGoFromLoopToLoop() {
    var publisher = range(1_000);
    List<Object> received = createTask(() -> toThread(() -> Asyncio.run(() -> {
          List<Object> all = new ArrayList<>();
          try (var items = Flows.<Integer>subscribe(publisher, 8)) {
            for (int item : items) {
              all.add(item);
            }
          }
          return all;
        })))
        .await();
    assertEquals(IntStream.range(0, 1_000).boxed().toList(), received);
  }

  @AsyncTest
  void leavingTheItemsEarlyEndsTheBody() {
    try (var items = Flows.<Integer>subscribe(endless(), 4)) {
      for (int item : items) {
        if (item == 10) {
          break;
        }
      }
      assertFalse(order.events().contains("clean-up"));
    }
    settle();
    order.assertIs("began", "clean-up");
  }

  @AsyncTest
  void aFailureGoesThereAndBack() {
    var failure = new Failure("x");
    Flow.Publisher<Integer> publisher = Flows.publisher(out -> {
      out.emit(1);
      throw failure;
    });
    try (var items = Flows.<Integer>subscribe(publisher)) {
      var each = items.iterator();
      assertEquals(1, each.next());
      assertSame(failure, assertThrows(Failure.class, each::next));
    }
  }

  @Test
  void outsideALoopThePublisherNeedsOne() {
    assertThrows(IllegalStateException.class, () -> range(1));
    assertThrows(NullPointerException.class, () -> Flows.publisher(null, out -> {}));
  }
}
