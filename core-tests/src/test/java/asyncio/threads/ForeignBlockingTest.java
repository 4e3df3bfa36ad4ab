package asyncio.threads;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.currentTask;
import static asyncio.Asyncio.run;
import static asyncio.Asyncio.timeout;
import static asyncio.Asyncio.toThread;
import static asyncio.Asyncio.yieldNow;
import static asyncio.support.Cancelling.assertCancelled;
import static java.time.Duration.ofDays;
import static java.time.Duration.ofMillis;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.Action;
import asyncio.CancelledError;
import asyncio.Coroutine;
import asyncio.TaskGroup;
import asyncio.Timeout;
import asyncio.TimeoutException;
import asyncio.support.Only;
import asyncio.support.Order;
import asyncio.testing.AsyncTest;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.locks.ReentrantLock;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/**
 * Blocking calls of the JDK inside coroutines suspend the coroutine and not the loop, and what an
 * interrupt, our nudge, does to each: the table of the design.
 */
class ForeignBlockingTest {
  private static final int MORE_THAN_SOCKETS_HOLD = 20_000_000;

  private final Order order = new Order();

  @BeforeEach
  void mountedOnly() {
    Only.mounted("on the portable carrier a foreign wait holds the loop");
  }

  private interface Call {
    void run() throws Exception;
  }

  /**
   * Starts {@code blocking}, lets another coroutine run, ends the wait with {@code release}; the
   * result.
   */
  private static <T> T othersRunDuring(Coroutine<T, ?> blocking, Call release) throws Exception {
    var task = createTask(blocking);
    for (int i = 0; i < 20; i++) {
      yieldNow();
    }
    assertFalse(task.isDone(), "the call blocks");
    release.run();
    return task.awaitThrowing(Exception.class);
  }

  /**
   * A coroutine that holds a monitor or a lock until told to release it. (Where a thread outside
   * has it, the loop waits as well: HeldLockTest.)
   */
  private static final class Holder implements AutoCloseable {
    private final CountDownLatch held = new CountDownLatch(1);
    private final CountDownLatch release = new CountDownLatch(1);

    static Holder ofMonitor(Object monitor) throws InterruptedException {
      var holder = new Holder();
      createTask(() -> {
        synchronized (monitor) {
          holder.hold();
        }
      });
      holder.held.await();
      return holder;
    }

    static Holder ofLock(ReentrantLock lock) throws InterruptedException {
      var holder = new Holder();
      createTask(() -> {
        lock.lock();
        holder.hold();
        lock.unlock();
      });
      holder.held.await();
      return holder;
    }

    private void hold() {
      held.countDown();
      try {
        release.await();
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
    }

    @Override
    public void close() {
      release.countDown();
    }
  }

  private static ServerSocket listen() throws IOException {
    return new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
  }

  private static Process cat() throws IOException {
    return toThread(() -> new ProcessBuilder("cat").start());
  }

  @Nested
  class OthersRunDuring {
    @AsyncTest
    void aSocketRead() throws Exception {
      try (var server = listen();
          var client = new Socket(server.getInetAddress(), server.getLocalPort());
          var peer = server.accept()) {
        int read = othersRunDuring(
            () -> client.getInputStream().read(), () -> peer.getOutputStream().write(7));
        assertEquals(7, read);
      }
    }

    @AsyncTest
    void aSocketWrite() throws Exception {
      try (var server = listen();
          var client = new Socket(server.getInetAddress(), server.getLocalPort());
          var peer = server.accept()) {
        byte[] much = new byte[MORE_THAN_SOCKETS_HOLD];
        var received = new CompletableFuture<Integer>();
        int sent = othersRunDuring(
            () -> {
              client.getOutputStream().write(much);
              client.shutdownOutput();
              return much.length;
            },
            () -> Thread.ofPlatform().daemon().start(() -> {
              try {
                received.complete(peer.getInputStream().readAllBytes().length);
              } catch (IOException e) {
                received.completeExceptionally(e);
              }
            }));
        assertEquals(sent, received.get());
      }
    }

    @AsyncTest
    void anAccept() throws Exception {
      try (var server = listen()) {
        try (var accepted = othersRunDuring(
            server::accept,
            () -> new Socket(server.getInetAddress(), server.getLocalPort()).close())) {
          assertTrue(accepted.isConnected());
        }
      }
    }

    @AsyncTest
    void threadSleep() {
      var sleeper = createTask(() -> Thread.sleep(ofDays(1)));
      yieldNow();
      assertFalse(sleeper.isDone()); // and this line is come to at all
      sleeper.cancel();
      assertThrows(CancelledError.class, sleeper::await);
      createTask(() -> Thread.sleep(1)).await();
    }

    @AsyncTest
    void takeOfABlockingQueue() throws Exception {
      var queue = new LinkedBlockingQueue<String>();
      assertEquals("item", othersRunDuring(queue::take, () -> queue.add("item")));
    }

    @AsyncTest
    void aBlockingQueueBetweenCoroutinesHandsOver() {
      var queue = new LinkedBlockingQueue<Integer>(1);
      var producer = createTask(() -> {
        for (int i = 0; i < 100; i++) {
          queue.put(i);
        }
      });
      var consumer = createTask(() -> {
        int sum = 0;
        for (int i = 0; i < 100; i++) {
          sum += queue.take();
        }
        return sum;
      });
      assertEquals(4950, consumer.await());
      producer.await();
    }

    @AsyncTest
    void aMonitorThatAnotherCoroutineHas() throws Exception {
      Object monitor = new Object();
      var holder = Holder.ofMonitor(monitor);
      othersRunDuring(
          () -> {
            synchronized (monitor) {
              return 1;
            }
          },
          holder::close);
    }

    @AsyncTest
    void objectWait() throws Exception {
      Object monitor = new Object();
      othersRunDuring(
          () -> {
            synchronized (monitor) {
              monitor.wait();
            }
            return 1;
          },
          () -> {
            synchronized (monitor) {
              monitor.notifyAll();
            }
          });
    }

    @AsyncTest
    void aLockThatAnotherCoroutineHas() throws Exception {
      var lock = new ReentrantLock();
      var holder = Holder.ofLock(lock);
      othersRunDuring(
          () -> {
            lock.lock();
            lock.unlock();
            return 1;
          },
          holder::close);
    }

    @AsyncTest
    void getOfACompletableFuture() throws Exception {
      var future = new CompletableFuture<String>();
      assertEquals("x", othersRunDuring(future::get, () -> future.complete("x")));
      var joined = new CompletableFuture<String>();
      assertEquals("y", othersRunDuring(joined::join, () -> joined.complete("y")));
    }

    @AsyncTest
    void httpClientSend() throws Exception {
      var answer = new CountDownLatch(1);
      HttpServer server = httpServer(answer);
      try (var client = toThread(HttpClient::newHttpClient)) {
        assertEquals("hello", othersRunDuring(() -> get(client, server), answer::countDown));
      } finally {
        server.stop(0);
      }
    }

    @AsyncTest
    void waitForOfAProcess() throws Exception {
      Process process = cat();
      int code = othersRunDuring(
          () -> process.waitFor(), () -> process.getOutputStream().close());
      assertEquals(0, code);
    }
  }

  private static HttpServer httpServer(CountDownLatch answer) throws IOException {
    return toThread(() -> {
      var server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
      server.setExecutor(command -> Thread.ofPlatform().daemon().start(command));
      server.createContext("/", exchange -> {
        try (exchange) {
          answer.await();
          exchange.sendResponseHeaders(200, 5);
          exchange.getResponseBody().write("hello".getBytes());
        } catch (InterruptedException e) {
          throw new AssertionError(e);
        }
      });
      server.start();
      return server;
    });
  }

  private static String get(HttpClient client, HttpServer server) throws Exception {
    var uri = URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/");
    return client
        .send(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofString())
        .body();
  }

  @Nested
  class ACancelEnds {
    private static void cancelEnds(Coroutine<?, ?> blocking) {
      var task = createTask(blocking);
      for (int i = 0; i < 5; i++) {
        yieldNow();
      }
      assertFalse(task.isDone(), "the call blocks");
      assertTrue(task.cancel("enough"));
      var error = assertThrows(CancelledError.class, task::await);
      assertEquals("enough", error.getMessage());
      assertTrue(task.isCancelled());
    }

    @AsyncTest
    void aSocketReadWhichClosesTheSocket() throws Exception {
      try (var server = listen();
          var client = new Socket(server.getInetAddress(), server.getLocalPort());
          var _ = server.accept()) {
        cancelEnds(() -> client.getInputStream().read());
        assertTrue(client.isClosed());
      }
    }

    @AsyncTest
    void aSocketWriteWhichClosesTheSocket() throws Exception {
      try (var server = listen();
          var client = new Socket(server.getInetAddress(), server.getLocalPort());
          var _ = server.accept()) {
        byte[] much = new byte[MORE_THAN_SOCKETS_HOLD];
        cancelEnds(() -> {
          client.getOutputStream().write(much);
          return 1;
        });
        assertTrue(client.isClosed());
      }
    }

    @AsyncTest
    void anAcceptWhichClosesTheSocket() throws Exception {
      try (var server = listen()) {
        cancelEnds(server::accept);
        assertTrue(server.isClosed());
      }
    }

    @AsyncTest
    void threadSleep() {
      cancelEnds(() -> {
        Thread.sleep(ofDays(1));
        return 1;
      });
    }

    @AsyncTest
    void takeOfABlockingQueue() {
      cancelEnds(new LinkedBlockingQueue<String>()::take);
    }

    @AsyncTest
    void objectWait() {
      Object monitor = new Object();
      cancelEnds(() -> {
        synchronized (monitor) {
          monitor.wait();
        }
        return 1;
      });
    }

    @AsyncTest
    void lockInterruptibly() throws Exception {
      var lock = new ReentrantLock();
      try (var _ = Holder.ofLock(lock)) {
        cancelEnds(() -> {
          lock.lockInterruptibly();
          return 1;
        });
      }
    }

    @AsyncTest
    void getOfACompletableFuture() {
      cancelEnds(new CompletableFuture<String>()::get);
    }

    @AsyncTest
    void httpClientSend() throws Exception {
      var never = new CountDownLatch(1);
      HttpServer server = httpServer(never);
      try (var client = toThread(HttpClient::newHttpClient)) {
        cancelEnds(() -> get(client, server));
      } finally {
        never.countDown();
        server.stop(0);
      }
    }

    @AsyncTest
    void waitForOfAProcess() throws Exception {
      Process process = cat();
      cancelEnds(process::waitFor);
      process.destroyForcibly();
    }
  }

  @Nested
  class NoInterruptReaches {
    /** The cancel strikes at the next wait after {@code blocking}, which {@code release} ends. */
    private void cancelStrikesAfter(Action<?> blocking, Call release) throws Exception {
      var task = createTask(() -> {
        blocking.run();
        order.add("the call ended");
        yieldNow();
        order.add("never");
      });
      for (int i = 0; i < 5; i++) {
        yieldNow();
      }
      task.cancel("later");
      for (int i = 0; i < 5; i++) {
        yieldNow();
      }
      assertFalse(task.isDone());
      order.assertIsEmpty();
      release.run();
      assertCancelled("later", task);
      order.assertIs("the call ended");
      assertEquals(1, task.cancelling());
    }

    @AsyncTest
    void aMonitorThatAnotherCoroutineHas() throws Exception {
      Object monitor = new Object();
      var holder = Holder.ofMonitor(monitor);
      cancelStrikesAfter(
          () -> {
            synchronized (monitor) {
              // it was contended, and that is all
            }
          },
          holder::close);
    }

    @AsyncTest
    void aLockThatAnotherCoroutineHas() throws Exception {
      var lock = new ReentrantLock();
      var holder = Holder.ofLock(lock);
      cancelStrikesAfter(
          () -> {
            lock.lock();
            lock.unlock();
          },
          holder::close);
    }

    @AsyncTest
    void joinOfACompletableFuture() throws Exception {
      var future = new CompletableFuture<String>();
      cancelStrikesAfter(() -> future.join(), () -> future.complete("x"));
    }

    @AsyncTest
    void aBodyThatReturnsWithoutAnotherWaitGivesItsValue() throws Exception {
      var future = new CompletableFuture<String>();
      var task = createTask(() -> future.join());
      yieldNow();
      task.cancel();
      yieldNow();
      yieldNow();
      future.complete("value");
      assertEquals("value", task.await());
    }
  }

  // ---- an interrupt is only a nudge ----

  @AsyncTest
  void aBodyThatSwallowsTheInterruptIsStruckAtItsNextWaitOnce() {
    var queue = new LinkedBlockingQueue<String>();
    var task = createTask(() -> {
      try {
        queue.take();
      } catch (InterruptedException swallowed) {
        order.add("interrupted");
      }
      try {
        yieldNow();
      } catch (CancelledError cancelled) {
        order.add("cancelled, flag " + Thread.currentThread().isInterrupted());
      }
      yieldNow();
      order.add("went on, requests " + currentTask().cancelling());
    });
    yieldNow();
    task.cancel();
    task.await();
    order.assertIs("interrupted", "cancelled, flag false", "went on, requests 1");
  }

  @AsyncTest
  void aFlagThatOurNudgeExplainsIsNoNewRequest() {
    var queue = new LinkedBlockingQueue<String>();
    var task = createTask(() -> {
      try {
        queue.take();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt(); // as the books say
      }
      try {
        yieldNow();
      } catch (CancelledError cancelled) {
        order.add("requests " + currentTask().cancelling());
      }
      assertFalse(Thread.currentThread().isInterrupted());
      yieldNow();
    });
    yieldNow();
    task.cancel();
    task.await();
    order.assertIs("requests 1");
  }

  @AsyncTest
  void anItemThatCameFirstIsReturnedAndTheFlagClearedAtTheNextWait() throws Exception {
    var queue = new LinkedBlockingQueue<String>();
    var task = createTask(() -> {
      order.add(queue.take());
      try {
        yieldNow();
      } catch (CancelledError cancelled) {
        assertFalse(Thread.currentThread().isInterrupted());
        order.add("cancelled");
      }
      yieldNow();
    });
    yieldNow();
    queue.add("item"); // its continuation is on the way
    task.cancel();
    task.await();
    order.assertIs("item", "cancelled");
    assertEquals(1, task.cancelling());
  }

  @AsyncTest
  void anInterruptBySomebodyElseInForeignCodeIsAnOrdinaryFailure() {
    var thread = new Thread[1];
    var task = createTask(() -> {
      thread[0] = Thread.currentThread();
      return new LinkedBlockingQueue<String>().take();
    });
    yieldNow();
    thread[0].interrupt();
    var failure = assertThrows(CompletionException.class, task::await);
    assertInstanceOf(InterruptedException.class, failure.getCause());
    assertFalse(task.isCancelled());
  }

  @AsyncTest
  void everyRequestNudgesAgain() {
    var queue = new LinkedBlockingQueue<String>();
    var task = createTask(() -> {
      for (int i = 0; i < 2; i++) {
        try {
          queue.take();
        } catch (InterruptedException swallowed) {
          order.add("interrupted");
        }
      }
      return "done";
    });
    yieldNow();
    task.cancel();
    yieldNow();
    yieldNow();
    yieldNow();
    order.assertIs("interrupted");
    task.cancel();
    assertEquals("done", task.await());
    order.assertIs("interrupted", "interrupted");
  }

  @Test
  void anExpiredTimeoutTurnsTheInterruptIntoATimeoutWithItAsCause() {
    run(() -> {
      var error = assertThrows(
          TimeoutException.class,
          () -> timeout(ofMillis(2), () -> new LinkedBlockingQueue<String>().take()));
      assertInstanceOf(InterruptedException.class, error.getCause());
      assertFalse(Thread.currentThread().isInterrupted());
      assertEquals(0, currentTask().cancelling());
      yieldNow();
    });
  }

  @Test
  void anExpiredTimeoutRoundASocketReadIsATimeout() throws Exception {
    run(() -> {
      try (var server = listen();
          var client = new Socket(server.getInetAddress(), server.getLocalPort());
          var _ = server.accept()) {
        var error = assertThrows(
            TimeoutException.class,
            () -> timeout(ofMillis(2), () -> client.getInputStream().read()));
        assertInstanceOf(SocketException.class, error.getCause());
        assertFalse(Thread.currentThread().isInterrupted());
        yieldNow();
      }
    });
  }

  @Test
  void leavingAnExpiredTimeoutClearsTheFlag() throws Exception {
    run(() -> {
      var lock = new ReentrantLock();
      var holder = Holder.ofLock(lock);
      var limit = new Timeout(ofMillis(2));
      createTask(() -> {
        while (!limit.expired()) {
          yieldNow();
        }
        yieldNow();
        yieldNow();
        holder.close();
      });
      boolean flagInside = limit.run(() -> {
        lock.lock();
        lock.unlock();
        return Thread.currentThread().isInterrupted();
      });
      assertTrue(flagInside, "lock() leaves the flag set");
      assertFalse(Thread.currentThread().isInterrupted());
      assertTrue(limit.expired());
      assertEquals(0, currentTask().cancelling());
      yieldNow();
    });
  }

  @AsyncTest
  void leavingATimeoutThatDidNotExpireClearsTheFlagToo() throws Exception {
    leavingClearsTheFlag(body -> timeout(ofDays(1), body));
  }

  @AsyncTest
  void leavingATaskGroupClearsTheFlag() throws Exception {
    leavingClearsTheFlag(body -> new TaskGroup().run(body));
  }

  private interface Scope {
    void run(Action<RuntimeException> body);
  }

  private void leavingClearsTheFlag(Scope scope) throws Exception {
    var lock = new ReentrantLock();
    var holder = Holder.ofLock(lock);
    var task = createTask(() -> {
      scope.run(() -> {
        lock.lock();
        lock.unlock();
        order.add("inside " + Thread.currentThread().isInterrupted());
      });
      order.add("outside " + Thread.currentThread().isInterrupted());
      yieldNow();
    });
    yieldNow();
    task.cancel();
    yieldNow();
    yieldNow();
    holder.close();
    assertThrows(CancelledError.class, task::await);
    order.assertIs("inside true", "outside false");
  }

  @AsyncTest
  void aLockHeldAcrossOneOfOurWaitsIsNoDeadlock() {
    var lock = new ReentrantLock();
    var first = createTask(() -> {
      lock.lock();
      try {
        yieldNow();
        order.add("first");
      } finally {
        lock.unlock();
      }
    });
    var second = createTask(() -> {
      lock.lock();
      try {
        order.add("second");
      } finally {
        lock.unlock();
      }
    });
    first.await();
    second.await();
    order.assertIs("first", "second");
  }

  @AsyncTest
  void threadsOfAnExecutorMadeInACoroutineAreForeignButConfined() throws Exception {
    int[] plain = {0};
    try (var executor = java.util.concurrent.Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < 100; i++) {
        executor.submit(() -> {
          int before = plain[0];
          plain[0] = before + 1;
        });
      }
    }
    assertEquals(100, plain[0]);
    assertSame(currentTask(), currentTask());
  }

  @AsyncTest
  void theStackOfAParkedCoroutineCanBeTakenOnTheLoop() throws Exception {
    var thread = new Thread[1];
    var queue = new LinkedBlockingQueue<String>();
    var task = createTask(() -> {
      thread[0] = Thread.currentThread();
      return queue.take();
    });
    yieldNow();
    for (int i = 0; i < 10; i++) {
      assertTrue(thread[0].getStackTrace().length > 0);
      yieldNow();
    }
    queue.add("x");
    assertEquals("x", task.await());
  }
}
