package asyncio.threads;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.gather;
import static asyncio.Asyncio.run;
import static asyncio.Asyncio.runningLoop;
import static asyncio.Asyncio.toThread;
import static asyncio.Asyncio.yieldNow;
import static asyncio.support.Texts.assertContains;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.Asyncio;
import asyncio.CancelledError;
import asyncio.Event;
import asyncio.Task;
import asyncio.TaskOptions;
import asyncio.internal.carrier.HandOvers;
import asyncio.support.CapturedLog;
import asyncio.support.Only;
import asyncio.support.Order;
import asyncio.testing.AsyncTest;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.util.LogbackMDCAdapter;
import ch.qos.logback.core.OutputStreamAppender;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.concurrent.locks.StampedLock;
import java.util.function.Consumer;
import java.util.logging.SimpleFormatter;
import java.util.logging.StreamHandler;
import java.util.stream.IntStream;
import org.apache.logging.log4j.core.appender.OutputStreamAppender.Builder;
import org.apache.logging.log4j.core.config.NullConfiguration;
import org.apache.logging.log4j.core.layout.PatternLayout;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Code between two waits is not disturbed, also where it meets a lock that a thread of others has:
 * the loop waits with it, and when it does not.
 */
class HeldLockTest {
  private static final int TASKS = 100;
  private static final int COUNTS = 50;

  private final Order order = new Order();

  /** Read, print, write; a helper prints as well. */
  @Nested
  @Timeout(50)
  class NoCountIsLostWith {
    private int counter;

    @Test
    void println() {
      var sink = new Contended();
      PrintStream before = System.out;
      System.setOut(new PrintStream(sink));
      try {
        count(sink, () -> IO.println("count"));
      } finally {
        System.setOut(before);
      }
    }

    @Test
    void javaUtilLogging() {
      var sink = new Contended();
      var handler = new StreamHandler(sink, new SimpleFormatter()) {
        @Override
        public void publish(java.util.logging.LogRecord record) {
          super.publish(record);
          flush();
        }
      };
      var logger = java.util.logging.Logger.getLogger("asyncio.test.contended");
      logger.setUseParentHandlers(false);
      logger.addHandler(handler);
      try {
        count(sink, () -> logger.info("count"));
      } finally {
        logger.removeHandler(handler);
      }
    }

    @Test
    void logback() {
      var sink = new Contended();
      var context = new LoggerContext();
      context.setMDCAdapter(new LogbackMDCAdapter());
      var encoder = new PatternLayoutEncoder();
      encoder.setContext(context);
      encoder.setPattern("%msg%n");
      encoder.start();
      var appender = new OutputStreamAppender<ILoggingEvent>();
      appender.setContext(context);
      appender.setEncoder(encoder);
      appender.setOutputStream(sink);
      appender.start();
      var logger = context.getLogger("contended");
      logger.addAppender(appender);
      count(sink, () -> logger.info("count"));
    }

    @Test
    void log4j() {
      var sink = new Contended();
      Builder<?> builder = org.apache.logging.log4j.core.appender.OutputStreamAppender.newBuilder();
      builder.setName("contended");
      builder.setLayout(PatternLayout.createDefaultLayout());
      builder.setTarget(sink);
      var appender = builder.build();
      appender.start();
      var context = new org.apache.logging.log4j.core.LoggerContext("contended");
      context.start(new NullConfiguration());
      var root = context.getConfiguration().getRootLogger();
      root.setLevel(org.apache.logging.log4j.Level.INFO);
      root.addAppender(appender, null, null);
      context.updateLoggers();
      var logger = context.getLogger("contended");
      count(sink, () -> logger.info("count"));
    }

    private void count(Contended sink, Runnable print) {
      run(() -> {
        var helper = createTask(() -> toThread(() -> sink.printAsHelper(print)));
        List<Task<Void>> tasks = new ArrayList<>();
        for (int i = 0; i < TASKS; i++) {
          tasks.add(createTask(() -> {
            for (int k = 0; k < COUNTS; k++) {
              int read = counter;
              sink.print(print);
              counter = read + 1;
              yieldNow();
            }
          }));
        }
        gather(tasks);
        sink.stop();
        helper.await();
      });
      assertEquals(TASKS * COUNTS, counter);
      assertTrue(sink.met > 0, "nobody met the helper");
    }
  }

  /** In here a helper, which then has the lock, stands until a coroutine wants it. */
  private static final class Contended extends OutputStream {
    private volatile Thread helper;
    private volatile Thread wants;
    private volatile boolean stopped;
    private int met;

    void printAsHelper(Runnable print) {
      helper = Thread.currentThread();
      while (!stopped) {
        print.run();
      }
    }

    void print(Runnable print) {
      wants = Thread.currentThread();
      print.run();
      wants = null;
    }

    void stop() {
      stopped = true;
    }

    @Override
    public void write(int oneByte) {
      write(new byte[] {(byte) oneByte}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) {
      if (Thread.currentThread() != helper) {
        return;
      }
      while (!stopped) {
        Thread thread = wants;
        Thread.State state = thread == null ? null : thread.getState();
        if (state == Thread.State.BLOCKED || state == Thread.State.WAITING) {
          met++;
          return;
        }
        Thread.onSpinWait();
      }
    }
  }

  /** A connection to a server on a thread, which answers with the question. */
  private static final class Echo implements AutoCloseable {
    private final Socket near;
    private final CountDownLatch callers = new CountDownLatch(2);

    Echo() throws IOException {
      try (var listening = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
        near = new Socket(listening.getInetAddress(), listening.getLocalPort());
        Socket far = listening.accept();
        onAThread(() -> {
          try (far) {
            callers.await();
            far.getInputStream().transferTo(far.getOutputStream());
          } catch (IOException | InterruptedException reset) {
            // The test has failed.
          }
        });
      }
    }

    /** Somebody is about to ask: nobody is answered before there are two. */
    void callerComes() {
      callers.countDown();
    }

    int ask(int question) throws IOException {
      near.getOutputStream().write(new byte[] {(byte) (question >> 8), (byte) question});
      byte[] answer = near.getInputStream().readNBytes(2);
      return (answer[0] & 0xff) << 8 | answer[1] & 0xff;
    }

    @Override
    public void close() throws IOException {
      near.close();
    }
  }

  private static Thread onAThread(Runnable body) {
    return Thread.ofPlatform().daemon().start(body);
  }

  /** A thread that has a lock until it is told to release it. */
  private static final class Holder {
    private final CountDownLatch held = new CountDownLatch(1);
    private final CountDownLatch release = new CountDownLatch(1);

    static Holder of(Lock lock) throws InterruptedException {
      return by(keepIt -> {
        lock.lock();
        try {
          keepIt.run();
        } finally {
          lock.unlock();
        }
      });
    }

    static Holder ofMonitor(Object monitor) throws InterruptedException {
      return by(keepIt -> {
        synchronized (monitor) {
          keepIt.run();
        }
      });
    }

    private static Holder by(Consumer<Runnable> takeAnd) throws InterruptedException {
      var holder = new Holder();
      Thread.ofPlatform().name("holder").daemon().start(() -> takeAnd.accept(holder::keepIt));
      holder.held.await();
      return holder;
    }

    private void keepIt() {
      held.countDown();
      try {
        release.await();
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
    }

    /** Releases it when {@code waiter} stands at the lock. */
    void letGoWhenWanted(Thread waiter) {
      onAThread(() -> {
        while (waiter.getState() == Thread.State.RUNNABLE) {
          Thread.onSpinWait();
        }
        letGo();
      });
    }

    void letGo() {
      release.countDown();
    }
  }

  private void counted(long toTheOwner, long toTheNextOwner, long afterTheTime) {
    assertEquals(
        List.of(toTheOwner, toTheNextOwner, afterTheTime),
        List.of(HandOvers.toTheOwner(), HandOvers.toTheNextOwner(), HandOvers.afterTheTime()),
        "hand-overs to the owner, to the next one, after the time");
  }

  @Nested
  class NobodyRunsDuring {
    private void nobodyRuns(Holder holder, Runnable wants) {
      Asyncio.createTask(() -> order.add("another task"));
      runningLoop().callSoon(() -> order.add("a callback"));
      runningLoop().callSoonThreadsafe(() -> order.add("what other threads sent"));
      holder.letGoWhenWanted(Thread.currentThread());
      wants.run();
      order.add("the lock");
      for (int i = 0; i < 5; i++) {
        yieldNow();
      }
      order.assertIs("the lock", "another task", "a callback", "what other threads sent");
      counted(0, 0, 0);
    }

    private void nobodyRunsAt(Lock wanted, Lock held) throws InterruptedException {
      nobodyRuns(Holder.of(held), () -> {
        wanted.lock();
        wanted.unlock();
      });
    }

    @AsyncTest
    void aContendedMonitor() throws Exception {
      var monitor = new Object();
      nobodyRuns(Holder.ofMonitor(monitor), () -> {
        synchronized (monitor) {
          Thread.onSpinWait();
        }
      });
    }

    @AsyncTest
    void aContendedLock() throws Exception {
      var lock = new ReentrantLock();
      nobodyRunsAt(lock, lock);
    }

    @AsyncTest
    void aReadLockWhileAnotherThreadWrites() throws Exception {
      var lock = new ReentrantReadWriteLock();
      nobodyRunsAt(lock.readLock(), lock.writeLock());
    }

    @AsyncTest
    void aWriteLockWhileAnotherThreadReads() throws Exception {
      var lock = new ReentrantReadWriteLock();
      nobodyRunsAt(lock.writeLock(), lock.readLock());
    }

    @AsyncTest
    void aContendedStampedLock() throws Exception {
      var lock = new StampedLock();
      nobodyRunsAt(lock.asWriteLock(), lock.asReadLock());
    }

    @AsyncTest
    void aContendedLockInACallback() throws Exception {
      var lock = new ReentrantLock();
      var holder = Holder.of(lock);
      runningLoop().callSoon(() -> {
        holder.letGoWhenWanted(Thread.currentThread());
        lock.lock();
        lock.unlock();
        order.add("callback");
      });
      createTask(() -> order.add("task")).await();
      order.assertIs("callback", "task");
      counted(0, 0, 0);
    }

    @AsyncTest
    void aContendedLockInTheFirstStepOfAnEagerTask() throws Exception {
      var lock = new ReentrantLock();
      var holder = Holder.of(lock);
      createTask(() -> order.add("later"));
      createTask(TaskOptions.defaults().withEagerStart(true), () -> {
        holder.letGoWhenWanted(Thread.currentThread());
        lock.lock();
        lock.unlock();
        order.add("eager");
      });
      order.add("creator");
      yieldNow();
      order.assertIs("eager", "creator", "later");
      counted(0, 0, 0);
    }

    @AsyncTest
    void theWatchdogTellsWhatTheStepWaitsFor() throws Exception {
      Only.mounted("on the portable carrier it is a foreign wait like any other");
      runningLoop().setSlowCallbackDuration(Duration.ofMillis(1));
      var lock = new ReentrantLock();
      var holder = Holder.of(lock);
      try (var log = new CapturedLog("asyncio.watchdog")) {
        onAThread(() -> {
          log.spinUntil("It waits for a foreign lock");
          holder.letGo();
        });
        lock.lock();
        lock.unlock();
        log.spinUntil("It waits for a foreign lock");
      }
    }

    @AsyncTest
    void aContendedLockInARegionWhichIsWhole() throws Exception {
      var lock = new ReentrantLock();
      var holder = Holder.of(lock);
      holder.letGoWhenWanted(Thread.currentThread());
      Asyncio.atomically(() -> {
        lock.lock();
        lock.unlock();
      });
      counted(0, 0, 0);
    }

    @AsyncTest
    void aLockWhileAnotherThreadTakesStacks() throws Exception {
      var lock = new ReentrantLock();
      var monitor = new Object();
      Thread self = Thread.currentThread();
      var stop = new AtomicBoolean();
      var dumper = onAThread(() -> {
        while (!stop.get()) {
          self.getStackTrace();
        }
      });
      int[] others = {0};
      var other = createTask(() -> {
        while (!stop.get()) {
          others[0]++;
          yieldNow();
        }
      });
      for (int i = 0; i < 5; i++) {
        yieldNow();
        var holder = Holder.of(lock);
        int before = others[0];
        holder.letGoWhenWanted(self);
        lock.lock();
        lock.unlock();
        assertEquals(before, others[0]);
        holder = Holder.ofMonitor(monitor);
        before = others[0];
        holder.letGoWhenWanted(self);
        synchronized (monitor) {
          assertEquals(before, others[0]);
        }
      }
      stop.set(true);
      other.await();
      Asyncio.blocking(() -> dumper.join());
    }
  }

  /** A lock and two conditions, which a thread signals while it has the lock. */
  @Nested
  class AnArrayBlockingQueueOfOne {
    private static final int ITEMS = 300;

    private final ArrayBlockingQueue<Integer> queue = new ArrayBlockingQueue<>(1);

    private final List<Integer> expected = IntStream.range(0, ITEMS).boxed().toList();

    private List<Integer> takeAll() throws InterruptedException {
      List<Integer> taken = new ArrayList<>();
      for (int i = 0; i < ITEMS; i++) {
        taken.add(queue.take());
      }
      return taken;
    }

    private void putAll() throws InterruptedException {
      for (int i = 0; i < ITEMS; i++) {
        queue.put(i);
      }
    }

    private void neverAfterTheTime() {
      assertEquals(0, HandOvers.afterTheTime());
    }

    @AsyncTest
    void betweenTwoCoroutines() throws Exception {
      Only.mounted(DEADLOCK);
      var producer = createTask(this::putAll);
      assertEquals(expected, createTask(this::takeAll).await());
      producer.await();
      neverAfterTheTime();
    }

    @AsyncTest
    void betweenTwoCoroutinesWhileAHelperWantsItsLockAllTheTime() throws Exception {
      Only.mounted(DEADLOCK);
      var stop = new AtomicBoolean();
      var looks = new AtomicInteger();
      var helper = createTask(() -> toThread(() -> {
        while (!stop.get()) {
          looks.addAndGet(queue.size() < 2 ? 1 : 0);
        }
      }));
      while (looks.get() == 0) {
        yieldNow();
      }
      var producer = createTask(this::putAll);
      try {
        assertEquals(expected, createTask(this::takeAll).await());
      } finally {
        stop.set(true);
      }
      producer.await();
      helper.await();
      neverAfterTheTime();
    }

    @AsyncTest
    void fromAHelperToACoroutine() throws Exception {
      var helper = createTask(() -> toThread(this::putAll));
      yieldNow(); // on the portable carrier the helper has to have begun
      assertEquals(expected, createTask(this::takeAll).await());
      helper.await();
      neverAfterTheTime();
    }

    @AsyncTest
    void fromACoroutineToAHelper() throws Exception {
      var helper = createTask(() -> toThread(this::takeAll));
      yieldNow();
      createTask(this::putAll).await();
      assertEquals(expected, helper.await());
      neverAfterTheTime();
    }
  }

  private static final String DEADLOCK =
      "on the portable carrier this is the deadlock that WatchdogTest sees reported";

  /** On the portable carrier, a foreign wait that another coroutine has to end is a deadlock. */
  @Nested
  class TheLoopHandsOver {
    @BeforeEach
    void mountedOnly() {
      Only.mounted("on the portable carrier a foreign wait holds the loop");
    }

    @AfterEach
    void asEver() {
      HandOvers.limitNanos(1_000_000_000);
    }

    /** A coroutine takes a lock, waits and releases it, while the caller wants it. */
    private void toTheOwner(Lock wanted, Lock held) {
      var goOn = new Event();
      var owner = createTask(() -> {
        held.lock();
        try {
          goOn.await();
          order.add("owner");
        } finally {
          held.unlock();
        }
      });
      yieldNow();
      goOn.set();
      wanted.lock();
      order.add("caller");
      wanted.unlock();
      owner.await();
      order.assertIs("owner", "caller");
      counted(1, 0, 0);
    }

    @AsyncTest
    void toACoroutineThatHasTheLock() {
      var lock = new ReentrantLock();
      toTheOwner(lock, lock);
    }

    @AsyncTest
    void toACoroutineThatWrites() {
      var lock = new ReentrantReadWriteLock();
      toTheOwner(lock.readLock(), lock.writeLock());
    }

    @AsyncTest
    void toACoroutineThatReads() {
      var lock = new ReentrantReadWriteLock();
      toTheOwner(lock.writeLock(), lock.readLock());
    }

    @AsyncTest
    void toACoroutineThatReadsAfterAnotherOne() {
      var lock = new ReentrantReadWriteLock();
      var first = new Event();
      var reader = createTask(() -> {
        lock.readLock().lock();
        first.await();
        lock.readLock().unlock();
      });
      yieldNow();
      var goOn = new Event();
      var last = createTask(() -> {
        lock.readLock().lock();
        goOn.await();
        lock.readLock().unlock();
      });
      yieldNow();
      first.set();
      reader.await();
      goOn.set();
      lock.writeLock().lock();
      lock.writeLock().unlock();
      last.await();
      counted(1, 0, 0);
    }

    @AsyncTest
    void toACoroutineThatHasTheMonitor() {
      var monitor = new Object();
      for (int round = 1; round <= 3; round++) {
        var goOn = new Event();
        var owner = createTask(() -> {
          synchronized (monitor) {
            goOn.await();
            order.add("owner");
          }
        });
        yieldNow();
        goOn.set();
        synchronized (monitor) {
          order.add("caller");
        }
        owner.await();
        order.assertIs("owner", "caller");
        order.clear();
        counted(round, 0, 0);
      }
    }

    /** Asked for some ms after the first time, and at once when it is known who may have it. */
    @AsyncTest
    void atOnceToACoroutineThatHadTheMonitorBefore() {
      var monitor = new Object();
      var wanted = new Event();
      var again = new Event();
      var owner = createTask(() -> {
        while (true) {
          synchronized (monitor) {
            wanted.await();
            wanted.clear();
            order.add("owner");
          }
          again.await();
          again.clear();
        }
      });
      long known = 0;
      for (int round = 0; round < 4; round++) {
        yieldNow();
        wanted.set();
        synchronized (monitor) {
          order.add("caller");
        }
        again.set();
        order.assertIs("owner", "caller");
        order.clear();
        if (round == 0) {
          // As known counts, too, an owner that a slow machine let the loop find at its first look.
          known = HandOvers.toAKnownOwner();
        }
        assertEquals(known + round, HandOvers.toAKnownOwner());
      }
      counted(4, 0, 0);
      owner.cancel();
    }

    /** As drivers are: a lock for each call, and in it a round trip. */
    private interface Database {
      int ask(int question) throws IOException;
    }

    private void aDatabase(Echo link, Database database) {
      List<Task<Void>> tasks = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        int first = 100 * i;
        tasks.add(createTask(() -> {
          for (int k = first; k < first + 5; k++) {
            link.callerComes();
            assertEquals(k, database.ask(k));
            order.add("answer");
          }
        }));
      }
      gather(tasks);
      assertEquals(15, order.size());
      assertTrue(HandOvers.toTheOwner() + HandOvers.toTheNextOwner() > 0, "nobody wanted the lock");
      assertEquals(0, HandOvers.afterTheTime());
    }

    @AsyncTest
    void toACoroutineThatWaitsForADatabaseWithItsLock() throws Exception {
      try (var link = new Echo()) {
        var lock = new ReentrantLock();
        aDatabase(link, question -> {
          lock.lock();
          try {
            return link.ask(question);
          } finally {
            lock.unlock();
          }
        });
      }
    }

    @AsyncTest
    void toACoroutineThatWaitsForADatabaseWithItsMonitor() throws Exception {
      try (var link = new Echo()) {
        var monitor = new Object();
        aDatabase(link, question -> {
          synchronized (monitor) {
            return link.ask(question);
          }
        });
      }
    }

    @AsyncTest
    void toACallbackThatHasTheMonitorInForeignCode() {
      var monitor = new Object();
      var queue = new LinkedBlockingQueue<String>();
      runningLoop().callSoon(() -> {
        synchronized (monitor) {
          try {
            order.add(queue.take());
          } catch (InterruptedException e) {
            throw new AssertionError(e);
          }
        }
      });
      yieldNow();
      queue.add("owner");
      synchronized (monitor) {
        order.add("caller");
      }
      order.assertIs("owner", "caller");
      assertEquals(0, HandOvers.afterTheTime());
    }

    @AsyncTest
    void toAVirtualThreadOfOthersOnThisLoop() throws Exception {
      var monitor = new Object();
      var lock = new ReentrantLock();
      var queue = new LinkedBlockingQueue<String>();
      Thread stranger = Thread.startVirtualThread(() -> {
        synchronized (monitor) {
          lock.lock();
          try {
            order.add(queue.take());
            order.add(queue.take());
          } catch (InterruptedException e) {
            throw new AssertionError(e);
          } finally {
            lock.unlock();
          }
        }
      });
      yieldNow();
      queue.add("a");
      createTask(() -> queue.add("b"));
      synchronized (monitor) {
        order.add("caller");
      }
      stranger.join();
      order.assertIs("a", "b", "caller");
      assertEquals(0, HandOvers.afterTheTime());
    }

    @AsyncTest
    void toACoroutineThatWasSignalledAndGetsTheLockNext() throws Exception {
      var lock = new ReentrantLock();
      Condition signal = lock.newCondition();
      var waiter = createTask(() -> {
        lock.lock();
        try {
          signal.await();
          order.add("waiter");
        } finally {
          lock.unlock();
        }
      });
      yieldNow();
      var signalled = new CountDownLatch(1);
      onAThread(() -> {
        lock.lock();
        try {
          signal.signal();
          signalled.countDown();
          while (lock.getQueueLength() < 2) {
            Thread.onSpinWait();
          }
        } finally {
          lock.unlock();
        }
      });
      signalled.await();
      lock.lock();
      order.add("caller");
      lock.unlock();
      waiter.await();
      order.assertIs("waiter", "caller");
      counted(0, 1, 0);
    }

    /** A coroutine that stands in {@code monitor.wait()}. */
    private Task<?> waiterFor(Object monitor) {
      var waiter = createTask(() -> {
        synchronized (monitor) {
          monitor.wait();
          order.add("waiter");
        }
      });
      yieldNow();
      return waiter;
    }

    @AsyncTest
    void toACoroutineThatWasNotifiedAndGetsTheMonitorNext() throws Exception {
      var monitor = new Object();
      Thread self = Thread.currentThread();
      var waiter = waiterFor(monitor);
      var notified = new CountDownLatch(1);
      onAThread(() -> {
        synchronized (monitor) {
          monitor.notifyAll();
          notified.countDown();
          while (self.getState() != Thread.State.BLOCKED) {
            Thread.onSpinWait();
          }
        }
      });
      notified.await();
      synchronized (monitor) {
        order.add("caller");
      }
      waiter.await();
      assertEquals(2, order.size());
      assertEquals(0, HandOvers.afterTheTime());
    }

    /**
     * The one who was notified stands in the loop's queue when the caller comes to the monitor: the
     * lock goes to it, and it waits for the loop.
     */
    @AsyncTest
    void onceToACoroutineThatWasWokenAtTheMonitorBefore() throws Exception {
      var monitor = new Object();
      var waiter = createTask(() -> {
        synchronized (monitor) {
          monitor.wait();
          order.add("waiter");
        }
      });
      yieldNow();
      var again = new AtomicBoolean();
      Thread self = Thread.currentThread();
      Thread.ofPlatform().daemon().start(() -> {
        synchronized (monitor) {
          monitor.notify();
        }
        // The waiter is on its way to the loop now, and has not got the monitor.
        synchronized (monitor) {
          again.set(true);
          while (self.getState() != Thread.State.BLOCKED) {
            Thread.onSpinWait();
          }
        }
      });
      while (!again.get()) {
        Thread.onSpinWait();
      }
      synchronized (monitor) {
        order.add("caller");
      }
      waiter.await();
      assertEquals(2, order.size());
      counted(0, 1, 0);
    }

    @AsyncTest
    void fromTheEndOfAnObjectWait() throws Exception {
      var monitor = new Object();
      var notified = new CountDownLatch(1);
      var release = new CountDownLatch(1);
      var waiter = waiterFor(monitor);
      onAThread(() -> {
        synchronized (monitor) {
          monitor.notifyAll();
          notified.countDown();
          try {
            release.await();
          } catch (InterruptedException e) {
            throw new AssertionError(e);
          }
        }
      });
      notified.await();
      for (int i = 0; i < 5; i++) {
        yieldNow();
      }
      order.add("others");
      release.countDown();
      waiter.await();
      order.assertIs("others", "waiter");
      counted(0, 0, 0);
    }

    @AsyncTest
    void fromATimedWaitForALock() throws Exception {
      var lock = new ReentrantLock();
      var holder = Holder.of(lock);
      var task = createTask(() -> lock.tryLock(1, TimeUnit.DAYS));
      yieldNow();
      order.add("others");
      task.cancel();
      assertThrows(CancelledError.class, task::await);
      holder.letGo();
      counted(0, 0, 0);
    }

    @AsyncTest
    void afterTheTimeAndSaysSoOnceForEachLock() throws Exception {
      HandOvers.limitNanos(10_000_000);
      var lock = new ReentrantLock();
      var monitor = new Object();
      var lockHolder = Holder.of(lock);
      var monitorHolder = Holder.ofMonitor(monitor);
      try (var log = new CapturedLog("asyncio.watchdog")) {
        List<Task<Void>> tasks = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
          tasks.add(createTask("at the lock", () -> {
            lock.lock();
            lock.unlock();
          }));
          tasks.add(createTask("at the monitor", () -> {
            synchronized (monitor) {
              Thread.onSpinWait();
            }
          }));
        }
        yieldNow();
        counted(0, 0, 4);
        for (String name : List.of("at the lock", "at the monitor")) {
          String told = log.spinUntil("Task '" + name + "' waited so long for java.");
          assertContains(
              told,
              "HeldLockTest$TheLoopHandsOver.lambda",
              "The thread 'holder' holds the lock",
              "HeldLockTest$Holder.keepIt");
        }
        lockHolder.letGo();
        monitorHolder.letGo();
        gather(tasks);
        assertEquals(
            2,
            log.messages().stream()
                .filter(text -> text.contains("waited so long for"))
                .count());
      }
    }
  }
}
