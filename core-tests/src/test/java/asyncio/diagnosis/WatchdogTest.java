package asyncio.diagnosis;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.runningLoop;
import static asyncio.Asyncio.yieldNow;
import static asyncio.support.Texts.assertContains;
import static asyncio.support.Texts.assertLacks;
import static asyncio.support.Texts.assertNoneContains;
import static asyncio.support.Texts.assertStartsWith;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.Asyncio;
import asyncio.CarrierKind;
import asyncio.Clock;
import asyncio.EventLoop;
import asyncio.Future;
import asyncio.RunOptions;
import asyncio.Runner;
import asyncio.conformance.Covers;
import asyncio.internal.diagnosis.Processors;
import asyncio.support.CapturedLog;
import asyncio.support.Failure;
import asyncio.support.Only;
import asyncio.testing.AsyncTest;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Steps that hold the loop too long are told while they do. */
class WatchdogTest {
  private CapturedLog log;

  @BeforeEach
  void capture() {
    log = new CapturedLog("asyncio.watchdog");
  }

  @AfterEach
  void release() {
    log.close();
  }

  @AsyncTest
  @Covers("test_base_events.BaseEventLoopWithSelectorTests.log_slow_callbacks")
  void aStepThatHoldsTheLoopIsReportedWhileItDoes() {
    var hog = createTask("hog", () -> computeForLong());
    String message = hog.await();
    assertContains(
        message,
        "Task 'hog'",
        "'" + runningLoop().name() + "'",
        "yieldNow()",
        "toThread(",
        "computeForLong");
  }

  private String computeForLong() {
    return log.spinUntil("'hog'");
  }

  @Test
  void theCarrierOfALoopIsToldInADebugRecord() {
    try (var loops = new CapturedLog("asyncio.loop", Level.FINE);
        var another = new Runner(RunOptions.defaults().withName("another"))) {
      CarrierKind carrier = another.loop().carrier();
      loops.spinUntil("'another' runs on the " + carrier + " carrier");
    }
  }

  @Test
  void manyLoopsThatOpenAtOnceAreAllToldAndNoRecordIsDropped() {
    List<EventLoop> loops = new ArrayList<>();
    try (var opened = new CapturedLog("asyncio.loop", Level.FINE)) {
      for (int i = 0; i < 300; i++) {
        loops.add(Asyncio.newEventLoop());
      }
      for (EventLoop loop : loops) {
        opened.spinUntil("'" + loop.name() + "'");
      }
    } finally {
      loops.forEach(EventLoop::close);
    }
    assertEquals(List.of(), log.messages());
  }

  @AsyncTest
  @Covers("test_base_events.BaseEventLoopWithSelectorTests.log_slow_callbacks")
  void aCallbackThatHoldsTheLoopIsReported() {
    var seen = new Future<String>();
    runningLoop().callSoon(() -> seen.setResult(log.spinUntil("callback")));
    assertTrue(seen.await().contains("a callback has held"), seen.result());
  }

  @AsyncTest
  void aForeignWaitIsNoHoldOnTheMountedCarrier() {
    Only.mounted("on the portable carrier a foreign wait holds the loop");
    var latch = new CountDownLatch(1);
    var waiting = createTask("waiting", () -> latch.await());
    yieldNow();
    createTask("hog", () -> computeForLong()).await();
    latch.countDown();
    waiting.await();
    assertNoneContains(log.messages(), "'waiting'");
  }

  @AsyncTest
  void aForeignWaitOnThePortableCarrierIsReportedWithTheWayOut() {
    Only.portable("the mounted carrier suspends the coroutine");
    var latch = new CountDownLatch(1);
    Thread.ofPlatform().start(() -> {
      log.spinUntil("'waiting'");
      latch.countDown();
    });
    createTask("waiting", () -> latch.await()).await();
    String message = log.spinUntil("'waiting'");
    assertContains(message, "blocking(() -> ", "--add-opens java.base/java.lang=ALL-UNNAMED");
  }

  @Test
  void aForeignWaitThatOnlyAnotherTaskCanEndIsReportedWithBothStacks() {
    Only.portable("the mounted carrier suspends the coroutine");
    var lock = new ReentrantLock();
    try (var runner = new Runner(RunOptions.defaults().withSlowStep(ofMillis(1)))) {
      runner.run(() -> {
        createTask("holder", () -> holdsAcrossAWait(lock));
        var blocked = createTask("blocked", () -> {
          Thread self = Thread.currentThread();
          Thread.ofPlatform().start(() -> {
            log.spinUntil("this is a deadlock");
            self.interrupt();
          });
          lock.lockInterruptibly();
        });
        assertThrows(CompletionException.class, blocked::await);
      });
    }
    String message = log.spinUntil("this is a deadlock");
    assertStartsWith(message, "Task 'blocked' has held the event loop");
    assertContains(
        message,
        "ReentrantLock.lockInterruptibly",
        "Task 'holder'" + System.lineSeparator() + "    at ",
        "WatchdogTest.holdsAcrossAWait");
  }

  private static void holdsAcrossAWait(ReentrantLock lock) {
    lock.lock();
    try {
      Asyncio.sleep(ofMillis(1));
    } finally {
      lock.unlock();
    }
  }

  @Test
  void aLoopThatGetsNoThreadFromTheJvmIsReported() {
    Only.portable("the mounted carrier has a thread of its own");
    Asyncio.run(() -> {
      // They keep all threads of the JVM's scheduler until they see the report: 256 at most,
      // and more than there are processors where something blocked one before. All of them
      // give up at the same time.
      long limit = System.nanoTime() + ofSeconds(20).toNanos();
      for (int i = 0; i < 300; i++) {
        Thread.ofVirtual().start(() -> {
          while (System.nanoTime() < limit
              && log.messages().stream().noneMatch(m -> m.contains("no thread"))) {
            Thread.onSpinWait();
          }
        });
      }
      Asyncio.sleep(ofMillis(1));
    });
    String message = log.spinUntil("has had no thread");
    assertContains(message, "--add-opens java.base/java.lang=ALL-UNNAMED", "Thread.dump_to_file");
  }

  private static final CountDownLatch INITIALISER = new CountDownLatch(1);

  private static final class WaitsForeignInItsInitialiser {
    static final int VALUE;

    static {
      try {
        INITIALISER.await();
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
      VALUE = 1;
    }
  }

  @AsyncTest
  void aForeignWaitThatTheJvmCannotSuspendIsReported() {
    Only.mounted("on the portable carrier every foreign wait holds the loop");
    Thread.ofPlatform().start(() -> {
      log.spinUntil("'pinned'");
      INITIALISER.countDown();
    });
    assertEquals(
        1, createTask("pinned", () -> WaitsForeignInItsInitialiser.VALUE).await());
    String message = log.spinUntil("'pinned'");
    assertContains(message, "can't suspend", "<clinit>");
  }

  private static final class WaitsInItsInitialiser {
    static final int VALUE;

    static {
      Asyncio.sleep(ofSeconds(1));
      VALUE = 1;
    }
  }

  @AsyncTest
  void anOwnWaitInAClassInitialiserIsEndedWithAnErrorThatNamesIt() {
    Only.mounted("on the portable carrier the loop has a thread of its own to go on with");
    var other = createTask(() -> "other");
    var task = createTask("initialises", () -> WaitsInItsInitialiser.VALUE);
    var thrown = assertThrows(ExceptionInInitializerError.class, task::await);
    var error = assertInstanceOf(IllegalStateException.class, thrown.getCause());
    assertContains(
        error.getMessage(),
        "initialises",
        "class initialiser of " + WaitsInItsInitialiser.class.getName());
    assertEquals("other", other.await());
    Asyncio.sleep(ofSeconds(5));
    assertEquals(1, runningLoop().allTasks().size());
  }

  @AsyncTest
  void anOwnWaitInAClassInitialiserWorksOnThePortableCarrier() {
    Only.portable("on the mounted carrier it would hold the loop for ever");
    var task = createTask("initialises", () -> WaitsInItsInitialiser.VALUE);
    assertEquals(1, task.await());
    assertEquals(ofSeconds(1), runningLoop().time());
  }

  /** Calls a Java method below a native frame: the C library's qsort with a comparator of ours. */
  @SuppressWarnings("restricted") // calls into C
  private static void belowANativeFrame(Runnable body) throws Throwable {
    Linker linker = Linker.nativeLinker();
    var pointer = ValueLayout.ADDRESS;
    try (Arena arena = Arena.ofConfined()) {
      Throwable[] failure = {null};
      Comparison comparison = () -> {
        try {
          body.run();
        } catch (Throwable thrown) {
          failure[0] = thrown; // through a native frame it would end the JVM
        }
        return 0;
      };
      MethodHandle compare = MethodHandles.dropArguments(
          MethodHandles.lookup()
              .findVirtual(Comparison.class, "call", MethodType.methodType(int.class))
              .bindTo(comparison),
          0,
          MemorySegment.class,
          MemorySegment.class);
      MemorySegment callback = linker.upcallStub(
          compare, FunctionDescriptor.of(ValueLayout.JAVA_INT, pointer, pointer), arena);
      MethodHandle sort = linker.downcallHandle(
          linker.defaultLookup().findOrThrow("qsort"),
          FunctionDescriptor.ofVoid(
              pointer, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG, pointer));
      sort.invokeExact(arena.allocate(2), 2L, 1L, callback);
      if (failure[0] != null) {
        throw failure[0];
      }
    }
  }

  private interface Comparison {
    int call();
  }

  @AsyncTest
  void anOwnWaitBelowANativeFrameIsEndedWithAnErrorThatNamesIt() {
    Only.mounted("on the portable carrier the loop has a thread of its own to go on with");
    var other = createTask(() -> "other");
    var task = createTask("calls C", () -> {
      try {
        belowANativeFrame(() -> Asyncio.sleep(ofSeconds(1)));
        return "slept";
      } catch (IllegalStateException told) {
        yieldNow();
        return told.getMessage();
      } catch (Throwable wrong) {
        throw new AssertionError(wrong);
      }
    });
    String message = task.await();
    assertContains(message, "calls C", "a native frame");
    assertEquals("other", other.await());
  }

  @Test
  void theThresholdIsAnOptionOfTheLoopAndChangesAtAnyTime() {
    Duration usual = Duration.ofMillis(Long.getLong("asyncio.slowStepMillis", 100));
    try (var runner = new Runner()) {
      assertEquals(usual, runner.loop().slowCallbackDuration());
    }
    try (var runner = new Runner(RunOptions.defaults().withSlowStep(ofMillis(7)))) {
      assertEquals(ofMillis(7), runner.loop().slowCallbackDuration());
      runner.loop().setSlowCallbackDuration(ofMillis(9));
      assertEquals(ofMillis(9), runner.loop().slowCallbackDuration());
    }
  }

  @Test
  void optionsKeepTheThreshold() {
    RunOptions options = RunOptions.defaults()
        .withSlowStep(ofMillis(7))
        .withName("kept")
        .withStackSize(0)
        .withClock(Clock.system())
        .withCloseTimeout(ofSeconds(1))
        .withCarrier(Asyncio.carrier());
    try (var runner = new Runner(options)) {
      assertEquals(ofMillis(7), runner.loop().slowCallbackDuration());
    }
  }

  @Test
  void aThresholdOfNothingIsRefusedWithTheWayToNoReports() {
    for (Duration none : List.of(Duration.ZERO, ofMillis(-1))) {
      var refused = assertThrows(
          IllegalArgumentException.class, () -> RunOptions.defaults().withSlowStep(none));
      assertContains(refused.getMessage(), none.toString(), "ofDays(365)");
      try (var runner = new Runner()) {
        assertThrows(
            IllegalArgumentException.class, () -> runner.loop().setSlowCallbackDuration(none));
      }
    }
  }

  @Test
  void aThresholdHoldsForItsLoopAlone() {
    try (var quiet = new Runner(RunOptions.defaults().withSlowStep(Duration.ofDays(365)))) {
      quiet.run(() -> {
        // Its step begins before that of the other loop, which is reported.
        var other = Thread.ofPlatform().start(() -> {
          try (var loud = new Runner(RunOptions.defaults().withSlowStep(ofMillis(2)))) {
            loud.run(() -> createTask("loud", () -> computeForLong("loud")).await());
          }
        });
        while (other.isAlive()) {
          Thread.onSpinWait();
        }
      });
      assertEquals(List.of(), quiet.loop().statistics().worstSteps());
    }
    assertTrue(
        log.messages().stream().allMatch(message -> message.contains("'loud'")),
        () -> log.messages().toString());
  }

  private String computeForLong(String task) {
    return log.spinUntil("'" + task + "'");
  }

  @Test
  void aLowerThresholdHoldsForTheStepThatRunsAlready() {
    try (var runner = new Runner(RunOptions.defaults().withSlowStep(Duration.ofDays(100_000)))) {
      runner.run(() -> {
        EventLoop loop = runningLoop();
        Thread.ofPlatform().start(() -> loop.setSlowCallbackDuration(ofMillis(2)));
        createTask("late", () -> computeForLong("late")).await();
      });
    }
  }

  @AsyncTest
  void shortStepsAreNotReported() {
    for (int i = 0; i < 10_000; i++) {
      yieldNow();
    }
    assertEquals(List.of(), log.messages());
  }

  // ---- it lives on ----

  @Test
  @org.junit.jupiter.api.Timeout(20)
  void anInterruptOfTheWatchdogDoesNotMakeItSpin() {
    try (var runner = new Runner()) {
      runner.run(() -> yieldNow());
      for (Thread thread : Thread.getAllStackTraces().keySet()) {
        if (thread.getName().equals("asyncio-watchdog")) {
          thread.interrupt();
          while (thread.isInterrupted()) { // with the flag set, no park would last
            Thread.onSpinWait();
          }
        }
      }
    }
  }

  private static final class Broken extends Handler {
    private final AtomicInteger reports = new AtomicInteger(); // of slow steps
    private final AtomicInteger others = new AtomicInteger();

    @Override
    public void publish(LogRecord record) {
      boolean report = record.getLoggerName().equals("asyncio.watchdog");
      (report ? reports : others).incrementAndGet();
      throw new LinkageError("the log is broken");
    }

    @Override
    public void flush() {}

    @Override
    public void close() {}

    void spinUntil(int count) {
      while (reports.get() < count) {
        Thread.onSpinWait();
      }
    }
  }

  @Test
  @org.junit.jupiter.api.Timeout(20)
  void aLogThatFailsHarmsNobody() {
    var broken = new Broken();
    var loops = Logger.getLogger("asyncio.loop");
    var dogs = Logger.getLogger("asyncio.watchdog");
    var tasks = Logger.getLogger("asyncio.task");
    for (Logger logger : List.of(loops, dogs, tasks)) {
      logger.addHandler(broken);
      logger.setUseParentHandlers(false);
    }
    try (var runner = new Runner(RunOptions.defaults().withSlowStep(ofMillis(2)))) {
      runner.run(() -> {
        runningLoop().callSoon(() -> {
          throw new Failure("the callback's");
        });
        yieldNow();
        assertEquals(2, broken.others.get()); // in the default handler, and about it
        int before = broken.reports.get();
        createTask(() -> broken.spinUntil(before + 1)).await();
        createTask(() -> broken.spinUntil(before + 2)).await();
      });
    } finally {
      for (Logger logger : List.of(loops, dogs, tasks)) {
        logger.removeHandler(broken);
        logger.setUseParentHandlers(true);
      }
    }
  }

  /** A handler whose records nobody takes, until it is let go. */
  private static final class Stuck extends Handler {
    private final CountDownLatch entered = new CountDownLatch(1);
    private final CountDownLatch letGo = new CountDownLatch(1);
    private final List<String> written = new CopyOnWriteArrayList<>();

    @Override
    public void publish(LogRecord record) {
      entered.countDown();
      boolean interrupted = false;
      while (true) {
        try {
          letGo.await();
          break;
        } catch (InterruptedException tooEarly) {
          interrupted = true;
        }
      }
      written.add(record.getMessage());
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }

    @Override
    public void flush() {}

    @Override
    public void close() {}
  }

  @Test
  @org.junit.jupiter.api.Timeout(20)
  void aLogHandlerThatBlocksDoesNotStopTheWatchdog() throws Exception {
    var stuck = new Stuck();
    var logger = Logger.getLogger("asyncio.watchdog");
    logger.addHandler(stuck);
    try (var runner = new Runner(RunOptions.defaults().withSlowStep(ofMillis(2)))) {
      runner.run(() -> {
        EventLoop loop = runningLoop();
        createTask("reported", () -> spinWhile(() -> stuck.entered.getCount() > 0))
            .await();
        createTask("later", () -> spinWhile(() -> !isAmongWorst(loop, "later"))).await();
        if (loop.carrier() == CarrierKind.MOUNTED) {
          var pinned = createTask(() -> WaitsWhileTheLogIsStuck.VALUE);
          assertThrows(ExceptionInInitializerError.class, pinned::await);
        }
      });
      stuck.letGo.countDown();
      // Not the second record for sure: the first step is reported again if the log's thread starts
      // late.
      spinWhile(() -> stuck.written.stream().noneMatch(record -> record.contains("'later'")));
    } finally {
      stuck.letGo.countDown();
      logger.removeHandler(stuck);
    }
    assertContains(stuck.written.get(0), "'reported'");
  }

  private static final class WaitsWhileTheLogIsStuck {
    static final int VALUE;

    static {
      yieldNow();
      VALUE = 1;
    }
  }

  private static void spinWhile(BooleanSupplier condition) {
    long end = System.nanoTime() + ofSeconds(10).toNanos(); // no limit of JUnit ends a spin
    while (condition.getAsBoolean()) {
      assertTrue(System.nanoTime() < end, "what the test waits for does not happen");
      Thread.onSpinWait();
    }
  }

  private static boolean isAmongWorst(EventLoop loop, String name) {
    return loop.statistics().worstSteps().stream().anyMatch(step -> step.task().equals(name));
  }

  // ---- whose fault it is ----

  private static volatile Runnable inInitialiser = () -> {};

  private static final class ComputesInItsInitialiser {
    static final int VALUE;

    static {
      inInitialiser.run();
      VALUE = 1;
    }
  }

  @Test
  void aStepThatInitialisesAClassIsToldSoAndLater() {
    inInitialiser = () -> computeForLong("first use");
    try (var runner = new Runner(RunOptions.defaults().withSlowStep(ofMillis(20)))) {
      runner.run(() -> {
        createTask("first use", () -> ComputesInItsInitialiser.VALUE).await();
        var held = Asyncio.statistics().worstSteps().getFirst().held();
        assertTrue(held.compareTo(ofMillis(200)) >= 0, held::toString);
      });
    }
    String message = log.messages().getFirst();
    assertContains(
        message, "loading, initialising and linking classes", "ComputesInItsInitialiser.<clinit>");
    assertLacks(message, "yieldNow()");
  }

  @Test
  void aStepThatGetsNoProcessorIsToldSoAndLater() {
    try (var _ = Processors.noneLeft();
        var runner = new Runner(RunOptions.defaults().withSlowStep(ofMillis(20)))) {
      runner.run(() -> {
        createTask("starved", () -> computeForLong("starved")).await();
        var held = Asyncio.statistics().worstSteps().getFirst().held();
        assertTrue(held.compareTo(ofMillis(200)) >= 0, held::toString);
      });
    }
    String message = log.messages().getFirst();
    assertTrue(
        message.matches(
            "(?s)Task 'starved' has held the event loop '.*' for \\d+ ms; nothing else on this loop"
                + " runs meanwhile\\. But its thread got only 0 ms of processor time in the last"
                + " \\d+ ms: the machine is overloaded or short of memory\\. This step is not at"
                + " fault\\. Its stack:.*"),
        message);
  }

  @Test
  void aVirtualThreadThatWasStartedInACoroutineIsNamed() throws Exception {
    Only.mounted("on the portable carrier such a thread runs beside the loop");
    try (var runner = new Runner(RunOptions.defaults().withSlowStep(ofMillis(2)))) {
      runner.run(() -> {
        var foreign = Thread.ofVirtual().name("foreign").unstarted(this::computeAsForeign);
        foreign.start();
        foreign.join();
        assertEquals("foreign", Asyncio.statistics().worstSteps().getFirst().task());
      });
    }
    String message = log.messages().getFirst();
    assertStartsWith(message, "The virtual thread 'foreign'");
    assertContains(message, "toThread(", "WatchdogTest.computeAsForeign");
  }

  private void computeAsForeign() {
    computeForLong("foreign");
  }

  @Test
  void aReportBeginsAtTheUsersLineAndIsShort() {
    try (var runner = new Runner(RunOptions.defaults().withSlowStep(ofMillis(2)))) {
      runner.run(() -> createTask("deep", () -> deep(50)).await());
    }
    List<String> lines = log.messages().getFirst().lines().toList();
    assertTrue(lines.get(1).startsWith("    at "), lines::toString);
    assertTrue(lines.get(1).contains("asyncio."), lines::toString);
    assertTrue(lines.size() <= 12, lines::toString);
    assertTrue(lines.getLast().endsWith(" more"), lines::toString);
  }

  private String deep(int levels) {
    return levels == 0 ? computeForLong("deep") : deep(levels - 1);
  }
}
