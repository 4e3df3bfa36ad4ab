package asyncio.flow;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.Asyncio;
import asyncio.Coroutine;
import asyncio.Event;
import asyncio.EventLoop;
import asyncio.support.Failure;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Flow;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.reactivestreams.tck.SubscriberWhiteboxVerification.SubscriberPuppet;
import org.reactivestreams.tck.SubscriberWhiteboxVerification.WhiteboxSubscriberProbe;
import org.reactivestreams.tck.TestEnvironment;
import org.reactivestreams.tck.flow.FlowPublisherVerification;
import org.reactivestreams.tck.flow.FlowSubscriberBlackboxVerification;
import org.reactivestreams.tck.flow.FlowSubscriberWhiteboxVerification;
import org.testng.ITestResult;
import org.testng.TestListenerAdapter;
import org.testng.TestNG;

/**
 * The TCK of the Reactive Streams project, by TestNG inside this one test: all that it verifies
 * must pass, the optional too; "untested" are rules for which it has a name and no test.
 */
class FlowTckTest {
  /** How long it waits for what must come: only who fails waits so long. */
  private static final long PATIENCE_MILLIS = 20_000;

  /** How long it looks for what must not come: too short a look only sees less. */
  private static final long LOOK_MILLIS = 15;

  private static final long POLL_MILLIS = 5;

  /** From a cancel to the collection of the subscriber. */
  private static final int COLLECT_MILLIS = 200;

  private static EventLoop loop;
  private static Event stop;
  private static Thread thread;

  @BeforeAll
  static void startALoop() {
    var started = new CompletableFuture<EventLoop>();
    thread = Thread.ofPlatform()
        .daemon()
        .start(() -> Asyncio.run(() -> {
          stop = new Event();
          started.complete(Asyncio.runningLoop());
          stop.await();
        }));
    loop = started.join();
  }

  @AfterAll
  static void stopTheLoop() throws InterruptedException {
    loop.callSoonThreadsafe(() -> stop.set());
    thread.join();
  }

  private static TestEnvironment environment() {
    return new TestEnvironment(PATIENCE_MILLIS, LOOK_MILLIS, POLL_MILLIS);
  }

  private static <T> T onTheLoop(Coroutine<T, ?> body) {
    try {
      return Asyncio.runCoroutineThreadsafe(body, loop).get();
    } catch (Exception failure) {
      throw new AssertionError(failure);
    }
  }

  /** The subscriber that {@link Flows#subscribe} gives to a publisher, and its items. */
  private record Subscribed(FlowItems<Integer> items, Flow.Subscriber<Integer> subscriber) {
    @SuppressWarnings("unchecked") // of Integers, as it was made
    static Subscribed make(int bufferSize) {
      return onTheLoop(() -> {
        Flow.Subscriber<?>[] given = new Flow.Subscriber<?>[1];
        FlowItems<Integer> items = Flows.subscribe(subscriber -> given[0] = subscriber, bufferSize);
        return new Subscribed(items, (Flow.Subscriber<Integer>) given[0]);
      });
    }
  }

  // ---- what is verified: public, for TestNG ----

  public static class PublisherVerification extends FlowPublisherVerification<Integer> {
    public PublisherVerification() {
      super(environment(), COLLECT_MILLIS);
    }

    @Override
    public Flow.Publisher<Integer> createFlowPublisher(long elements) {
      return Flows.publisher(loop, out -> {
        for (long i = 0; i < elements; i++) {
          out.emit((int) i);
        }
      });
    }

    @Override
    public Flow.Publisher<Integer> createFailedFlowPublisher() {
      return Flows.publisher(loop, out -> {
        throw new Failure("from its beginning");
      });
    }
  }

  public static class BlackboxVerification extends FlowSubscriberBlackboxVerification<Integer> {
    public BlackboxVerification() {
      super(environment());
    }

    @Override
    public Flow.Subscriber<Integer> createFlowSubscriber() {
      return Subscribed.make(Flow.defaultBufferSize()).subscriber();
    }

    @Override
    public Integer createElement(int element) {
      return element;
    }
  }

  public static class WhiteboxVerification extends FlowSubscriberWhiteboxVerification<Integer> {
    public WhiteboxVerification() {
      super(environment());
    }

    /** Ours, and the probe is told beside it. */
    @Override
    protected Flow.Subscriber<Integer> createFlowSubscriber(
        WhiteboxSubscriberProbe<Integer> probe) {
      Subscribed ours = Subscribed.make(8);
      return new Flow.Subscriber<>() {
        private boolean subscribed;

        @Override
        public void onSubscribe(Flow.Subscription subscription) {
          ours.subscriber().onSubscribe(subscription);
          if (!subscribed) {
            subscribed = true;
            probe.registerOnSubscribe(new Puppet(ours.items()));
          }
        }

        @Override
        public void onNext(Integer item) {
          ours.subscriber().onNext(item);
          probe.registerOnNext(item);
        }

        @Override
        public void onError(Throwable failure) {
          ours.subscriber().onError(failure);
          probe.registerOnError(failure);
        }

        @Override
        public void onComplete() {
          ours.subscriber().onComplete();
          probe.registerOnComplete();
        }
      };
    }

    private record Puppet(FlowItems<Integer> items) implements SubscriberPuppet {
      /** It requests by itself. */
      @Override
      public void triggerRequest(long elements) {}

      @Override
      public void signalCancel() {
        onTheLoop(() -> {
          items.close();
          return null;
        });
      }
    }

    @Override
    public Integer createElement(int element) {
      return element;
    }
  }

  // ---- running it ----

  @Test
  void aPublisherOfOursKeepsTheRules() {
    verify(PublisherVerification.class, 25);
  }

  @Test
  void aSubscriberOfOursKeepsTheRules() {
    verify(BlackboxVerification.class, 9);
  }

  @Test
  void aSubscriberOfOursKeepsTheRulesSeenFromInside() {
    verify(WhiteboxVerification.class, 14);
  }

  private static void verify(Class<?> verification, int atLeast) {
    var passed = new TreeSet<String>();
    var failures = new ConcurrentLinkedQueue<Throwable>();
    var listener = new TestListenerAdapter() {
      @Override
      public void onTestSuccess(ITestResult result) {
        passed.add(result.getName());
      }

      @Override
      public void onTestFailure(ITestResult result) {
        failures.add(new AssertionError(result.getName(), result.getThrowable()));
      }

      @Override
      public void onConfigurationFailure(ITestResult result) {
        onTestFailure(result);
      }
    };
    var testng = new TestNG(false);
    testng.setVerbose(0);
    testng.setTestClasses(new Class<?>[] {verification});
    testng.addListener(listener);
    testng.run();
    assertAll(failures.stream().map(failure -> () -> {
      throw failure;
    }));
    List<String> skipped = Arrays.stream(verification.getMethods())
        .filter(method -> method.isAnnotationPresent(org.testng.annotations.Test.class))
        .map(java.lang.reflect.Method::getName)
        .filter(name -> !name.startsWith("untested_") && !passed.contains(name))
        .sorted()
        .collect(Collectors.toList());
    assertEquals(List.of(), skipped);
    assertTrue(passed.size() >= atLeast, () -> "it has shrunk: " + passed);
  }
}
