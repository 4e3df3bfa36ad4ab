package asyncio.net;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.resolve;
import static asyncio.Asyncio.resolveName;
import static asyncio.Asyncio.run;
import static asyncio.Asyncio.runningLoop;
import static asyncio.support.Texts.assertContains;
import static asyncio.support.Waiting.failureOf;
import static asyncio.support.Waiting.started;
import static java.time.Duration.ofDays;
import static java.time.Duration.ofSeconds;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import asyncio.CancelledError;
import asyncio.Event;
import asyncio.Resolvers;
import asyncio.Task;
import asyncio.conformance.Covers;
import asyncio.internal.net.CachingResolver;
import asyncio.testing.AsyncTest;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ResolversTest {
  private static final InetAddress ADDRESS = InetAddress.ofLiteral("192.0.2.1");

  private final List<String> asked = new ArrayList<>();
  private long nanos = Long.MAX_VALUE - 5; // the clock may run over

  private Iterable<InetAddress> answer(String host) throws IOException {
    asked.add(host);
    switch (host) {
      case "unknown" -> {
        var failure = new UnknownHostException("unknown to me");
        failure.initCause(new UnknownHostException("and to others"));
        throw failure;
      }
      case "broken" -> throw new IOException("no route");
      case "empty" -> {
        return List.of();
      }
      default -> {
        return List.of(ADDRESS);
      }
    }
  }

  private CachingResolver cache() {
    return new CachingResolver(this::answer, ofSeconds(30), ofSeconds(5), () -> nanos);
  }

  @Test
  void anAnswerIsKeptForItsTime() throws IOException {
    var cache = cache();
    assertEquals(List.of(ADDRESS), cache.resolve("a"));
    assertEquals(List.of(ADDRESS), cache.resolve("A"), "names have no case");
    nanos += ofSeconds(30).toNanos() - 1;
    assertEquals(List.of(ADDRESS), cache.resolve("a"));
    assertEquals(List.of("a"), asked);
    nanos++;
    cache.resolve("a");
    assertEquals(List.of("a", "a"), asked);
  }

  @Test
  void thatThereIsNoAddressIsKeptToo() throws IOException {
    var cache = cache();
    for (int i = 0; i < 3; i++) {
      var e = assertThrows(UnknownHostException.class, () -> cache.resolve("unknown"));
      assertEquals("unknown to me", e.getMessage());
      assertEquals("and to others", e.getCause().getMessage());
    }
    assertEquals(List.of("unknown"), asked);
    nanos += ofSeconds(5).toNanos();
    assertThrows(UnknownHostException.class, () -> cache.resolve("unknown"));
    assertEquals(2, asked.size());
  }

  @Test
  void anEmptyAnswerIsNoAnswer() {
    var cache = cache();
    assertThrows(UnknownHostException.class, () -> cache.resolve("empty"));
    nanos += ofSeconds(5).toNanos();
    assertThrows(UnknownHostException.class, () -> cache.resolve("empty"));
    assertEquals(2, asked.size());
  }

  @Test
  void otherFailuresAreNotKept() {
    var cache = cache();
    assertThrows(IOException.class, () -> cache.resolve("broken"));
    assertThrows(IOException.class, () -> cache.resolve("broken"));
    assertEquals(2, asked.size());
  }

  /** Resolves {@code host} in three tasks, of which {@code cancelled} are cancelled while they wait. */
  private List<Task<List<InetAddress>>> three(String host, Event goOn, int... cancelled)
      throws Exception {
    var cache = new CachingResolver(
        name -> {
          asked.add(name);
          goOn.await();
          return answer(name);
        },
        ofSeconds(30),
        ofSeconds(5),
        () -> nanos);
    List<Task<List<InetAddress>>> tasks = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      tasks.add(started(createTask(() -> cache.resolve(host))));
    }
    for (int one : cancelled) {
      tasks.get(one).cancel();
      assertThrows(CancelledError.class, tasks.get(one)::await);
    }
    goOn.set();
    return tasks;
  }

  @AsyncTest
  void tasksThatWaitForTheSameNameAskOnce() throws Exception {
    for (var task : three("a", new Event())) {
      assertEquals(List.of(ADDRESS), task.await());
    }
    assertEquals(List.of("a", "a"), asked, "by the cache, and by the first answer");
  }

  @AsyncTest
  void aNameIsAskedForAgainIfTheTaskThatAskedIsCancelled() throws Exception {
    var tasks = three("a", new Event(), 0);
    assertEquals(List.of(ADDRESS), tasks.get(1).await());
    assertEquals(List.of(ADDRESS), tasks.get(2).await());
    assertEquals(List.of("a", "a", "a"), asked, "the second one has taken over");
  }

  @AsyncTest
  void aTaskThatWaitsForTheAnswerToAnotherCanBeCancelled() throws Exception {
    var tasks = three("a", new Event(), 1);
    assertEquals(List.of(ADDRESS), tasks.get(0).await());
    assertEquals(List.of(ADDRESS), tasks.get(2).await());
    assertEquals(List.of("a", "a"), asked);
  }

  @AsyncTest
  void aResolverThatAsksItselfSaysSo() {
    var itself = new CachingResolver[1];
    itself[0] = new CachingResolver(
        name -> itself[0].resolve(name), ofSeconds(30), ofSeconds(5), () -> nanos);
    assertContains(
        assertThrows(IllegalStateException.class, () -> itself[0].resolve("a")).getMessage(),
        "asked itself for the same name");
  }

  @AsyncTest
  void aFailureIsToldToAllWhoWait() throws Exception {
    for (var task : three("broken", new Event())) {
      assertEquals("no route", failureOf(task).getMessage());
    }
    assertEquals(List.of("broken", "broken"), asked);
    asked.clear();
    for (var task : three("unknown", new Event())) {
      var unknown = assertInstanceOf(UnknownHostException.class, failureOf(task));
      assertEquals("unknown to me", unknown.getMessage());
    }
    assertEquals(List.of("unknown", "unknown"), asked);
  }

  @Test
  void theCacheIsBounded() throws IOException {
    var cache = cache();
    for (int i = 0; i < 25_000; i++) {
      cache.resolve("host" + i);
    }
    asked.clear();
    for (int i = 0; i < 25_000; i++) {
      cache.resolve("host" + i);
    }
    assertFalse(asked.size() < 15_000, () -> "only " + asked.size() + " were forgotten");
  }

  @Test
  void timesAreNotNegative() {
    assertThrows(
        IllegalArgumentException.class,
        () -> Resolvers.cached(this::answer, ofSeconds(-1), Duration.ZERO));
    assertThrows(
        IllegalArgumentException.class,
        () -> Resolvers.cached(this::answer, ofDays(1), ofSeconds(-1)));
  }

  @AsyncTest
  void aCachedResolverServesALoop() throws IOException {
    runningLoop().setResolver(Resolvers.cached(this::answer, ofDays(1), ofDays(1)));
    resolve("a");
    resolve("a");
    assertEquals(List.of("a"), asked);
  }

  @Test
  @Covers("test_base_events.BaseEventLoopWithSelectorTests.getnameinfo")
  void addressesHaveNames() throws Exception {
    run(() -> {
      InetAddress loopback = InetAddress.getLoopbackAddress();
      assertEquals(loopback.getCanonicalHostName(), resolveName(loopback));
      var e = assertThrows(UnknownHostException.class, () -> resolve("nonexistent.invalid"));
      assertContains(e.getMessage(), "nonexistent.invalid");
    });
  }
}
