package asyncio.process;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.currentTask;
import static asyncio.Asyncio.run;
import static asyncio.Asyncio.runningLoop;
import static asyncio.Asyncio.sleep;
import static asyncio.Asyncio.toThread;
import static asyncio.Asyncio.yieldNow;
import static asyncio.support.Cancelling.sleepAndCleanUp;
import static asyncio.support.Texts.assertAnyContains;
import static asyncio.support.Texts.assertContains;
import static asyncio.support.Texts.assertNoneContains;
import static java.time.Duration.ofDays;
import static java.time.Duration.ofMillis;
import static java.time.temporal.ChronoUnit.FOREVER;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.Asyncio;
import asyncio.CancelledError;
import asyncio.CarrierKind;
import asyncio.Future;
import asyncio.KeyboardInterrupt;
import asyncio.RunOptions;
import asyncio.Runner;
import asyncio.conformance.Covers;
import asyncio.support.ChildJvm;
import asyncio.support.Only;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** How processes end: System.exit in a coroutine, Ctrl-C, SIGTERM. Each in a JVM of its own. */
@Tag("process")
class ProcessExitTest {
  private static void print(String line) {
    System.out.println(line);
    System.out.flush();
  }

  private static void cleansUp(String told) {
    sleepAndCleanUp(() -> {
      sleep(ofMillis(1));
      print(told);
    });
  }

  private static void hangsInCleanUp() {
    sleepAndCleanUp(() -> {
      print("cleaning up");
      sleep(ofDays(1));
      print("never");
    });
  }

  static final class Returns {
    public static void main(String[] arguments) {
      run(() -> print("hello"));
    }
  }

  @Test
  void aProgramThatReturnsEndsWithZero() throws Exception {
    try (var child = new ChildJvm(Returns.class)) {
      child.assertExitCode(0);
      assertEquals(List.of("hello"), child.lines());
    }
  }

  static final class ExitsInACoroutine {
    public static void main(String[] arguments) {
      run(() -> {
        createTask(() -> sleepAndCleanUp(() -> {
          yieldNow();
          sleep(ofMillis(1));
          print("other task cleaned up");
        }));
        yieldNow();
        System.exit(3);
      });
    }
  }

  @Test
  void exitInACoroutineEndsTheProcessWithItsCode() throws Exception {
    try (var child = new ChildJvm(ExitsInACoroutine.class)) {
      long before = System.nanoTime();
      child.assertExitCode(3);
      assertTrue(System.nanoTime() - before < 10_000_000_000L);
    }
  }

  @Test
  void exitInACoroutineLetsOtherTasksCleanUp() throws Exception {
    Only.mounted(
        "on the portable carrier the coroutine that stands in Runtime.exit holds the loop");
    try (var child = new ChildJvm(ExitsInACoroutine.class)) {
      child.assertExitCode(3);
      assertEquals(List.of("other task cleaned up"), child.lines());
    }
  }

  static final class ExitsOnAHelper {
    public static void main(String[] arguments) {
      run(() -> {
        createTask(() -> cleansUp("cleaned up"));
        yieldNow();
        toThread(() -> System.exit(4));
      });
    }
  }

  @Test
  void exitOnAnotherThreadLetsAllTasksCleanUp() throws Exception {
    try (var child = new ChildJvm(ExitsOnAHelper.class)) {
      child.assertExitCode(4);
      assertEquals(List.of("cleaned up"), child.lines());
    }
  }

  static final class Waits {
    public static void main(String[] arguments) {
      run(() -> {
        createTask(() -> cleansUp("other task cleaned up"));
        yieldNow();
        print("ready");
        try {
          sleep(ofDays(1));
        } catch (CancelledError cancelled) {
          print("cancelled: " + cancelled.getMessage());
          throw cancelled;
        } finally {
          sleep(ofMillis(1));
          print("cleaned up");
        }
      });
    }
  }

  private static void cleansUpAndEndsWith(String signal, int code) throws Exception {
    try (var child = new ChildJvm(Waits.class)) {
      child.awaitLine("ready");
      child.signal(signal);
      child.assertExitCode(code);
      assertEquals(
          List.of("ready", "cancelled: SIG" + signal, "cleaned up", "other task cleaned up"),
          child.printed());
    }
  }

  @Test
  void ctrlCCancelsTheMainTaskAndEndsWith130() throws Exception {
    cleansUpAndEndsWith("INT", 130);
  }

  static final class IsNeverQuiet {
    private static void again() {
      runningLoop().callSoon(IsNeverQuiet::again);
    }

    public static void main(String[] arguments) {
      try {
        run(() -> {
          again();
          print("ready");
          sleep(ofDays(1));
        });
      } catch (KeyboardInterrupt interrupt) {
        print("KeyboardInterrupt");
      }
    }
  }

  @Test
  @Covers("test_runners.RunnerTests.interrupt_call_soon")
  void ctrlCReachesALoopThatIsNeverQuiet() throws Exception {
    try (var child = new ChildJvm(IsNeverQuiet.class)) {
      child.awaitLine("ready");
      child.signal("INT");
      child.assertExitCode(0);
      assertEquals(List.of("ready", "KeyboardInterrupt"), child.printed());
    }
  }

  static final class AwaitsAFuture {
    public static void main(String[] arguments) {
      List<Future<?>> awaited = new ArrayList<>();
      try {
        run(() -> {
          var future = new Future<Void>();
          awaited.add(future);
          print("ready");
          future.await();
        });
      } catch (KeyboardInterrupt interrupt) {
        print(
            "KeyboardInterrupt, the future is cancelled: " + awaited.getFirst().isCancelled());
      }
    }
  }

  @Test
  @Covers("test_runners.RunnerTests.interrupt_wait")
  void ctrlCCancelsTheFutureThatTheMainTaskAwaits() throws Exception {
    try (var child = new ChildJvm(AwaitsAFuture.class)) {
      child.awaitLine("ready");
      child.signal("INT");
      child.assertExitCode(0);
      assertEquals(
          List.of("ready", "KeyboardInterrupt, the future is cancelled: true"), child.lines());
    }
  }

  static final class IsCancelledBefore {
    public static void main(String[] arguments) {
      try {
        run(() -> {
          currentTask().cancel("by the program");
          try {
            sleep(ofDays(1));
          } catch (CancelledError signal) {
            print("ready");
            sleep(ofDays(1));
          }
        });
      } catch (CancelledError cancelled) {
        print("CancelledError");
      }
    }
  }

  @Test
  @Covers("test_runners.RunnerTests.interrupt_cancelled_task")
  void ctrlCOfATaskThatWasCancelledBeforeStaysACancel() throws Exception {
    try (var child = new ChildJvm(IsCancelledBefore.class)) {
      child.awaitLine("ready");
      child.signal("INT");
      child.assertExitCode(0);
      assertEquals(List.of("ready", "CancelledError"), child.lines());
    }
  }

  static final class IsCancelledToo {
    public static void main(String[] arguments) {
      try {
        run(() -> {
          print("ready");
          try {
            sleep(ofDays(1));
          } catch (CancelledError signal) {
            currentTask().cancel("by the program");
            sleep(ofDays(1));
          }
        });
      } catch (CancelledError cancelled) {
        print("CancelledError: " + cancelled.getMessage());
      }
    }
  }

  @Test
  void aCancelThatStrikesBesideCtrlCStaysACancel() throws Exception {
    try (var child = new ChildJvm(IsCancelledToo.class)) {
      child.awaitLine("ready");
      child.signal("INT");
      child.assertExitCode(0);
      assertEquals(List.of("ready", "CancelledError: by the program"), child.printed());
    }
  }

  @Test
  void sigtermCancelsTheMainTaskAndEndsWith143() throws Exception {
    cleansUpAndEndsWith("TERM", 143);
  }

  static final class HangsInCleanUp {
    public static void main(String[] arguments) {
      run(() -> {
        print("ready");
        hangsInCleanUp();
      });
    }
  }

  @Test
  void aSecondCtrlCHaltsWhileCleanUpHangs() throws Exception {
    try (var child = new ChildJvm(HangsInCleanUp.class)) {
      child.awaitLine("ready");
      child.signal("INT");
      child.awaitLine("cleaning up");
      child.signal("INT");
      child.assertExitCode(130);
      assertEquals(List.of("ready", "cleaning up"), child.printed());
    }
  }

  static final class GetsTwoAtOnce {
    public static void main(String[] arguments) throws Exception {
      run(() -> {
        Class<?> type = Class.forName("sun.misc.Signal"); // javac warns if it is named directly
        Object signal = type.getConstructor(String.class).newInstance("INT");
        type.getMethod("raise", type).invoke(null, signal);
        type.getMethod("raise", type).invoke(null, signal);
        sleep(ofDays(1));
      });
    }
  }

  @Test
  void ofTwoCtrlCAtOnceOneHalts() throws Exception {
    try (var child = new ChildJvm(GetsTwoAtOnce.class)) {
      child.assertExitCode(130);
      assertEquals(List.of(), child.printed());
    }
  }

  static final class HangsInTheCleanUpOfClose {
    public static void main(String[] arguments) {
      run(() -> {
        createTask(() -> hangsInCleanUp());
        yieldNow();
        print("ready");
        sleep(ofDays(1));
      });
    }
  }

  @Test
  void aSecondCtrlCHaltsWhileTheCleanUpOfAnotherTaskHangs() throws Exception {
    try (var child = new ChildJvm(HangsInTheCleanUpOfClose.class)) {
      child.awaitLine("ready");
      child.signal("INT");
      child.awaitLine("cleaning up");
      child.signal("INT");
      child.assertExitCode(130);
    }
  }

  static final class NeverYields {
    public static void main(String[] arguments) {
      run(() -> {
        print("computing");
        while (true) {
          Thread.onSpinWait();
        }
      });
    }
  }

  @Test
  void aSecondCtrlCHaltsACoroutineThatNeverYields() throws Exception {
    try (var child = new ChildJvm(NeverYields.class, "-Dasyncio.slowStepMillis=60000")) {
      child.awaitLine("computing");
      // The JVM may take two that come together for one.
      do {
        child.signal("INT");
      } while (child.isAlive());
      child.assertExitCode(130);
      assertEquals(List.of("computing"), child.printed());
    }
  }

  static final class CleansUpForEver {
    public static void main(String[] arguments) {
      // From its first record on, java.util.logging closes its handlers when the JVM ends.
      System.getLogger("app").log(System.Logger.Level.INFO, "begins");
      run(() -> {
        createTask(() -> hangsInCleanUp());
        yieldNow();
        toThread(() -> System.exit(6));
      });
    }
  }

  @Test
  void aCleanUpThatHangsDoesNotKeepTheProcessFromItsExit() throws Exception {
    try (var child = new ChildJvm(CleansUpForEver.class, "-Dasyncio.shutdownGraceMillis=100")) {
      child.assertExitCode(6);
      assertContains(
          child.output(),
          "cleaning up",
          "tasks have not ended within 100 ms of being cancelled",
          "Task-2 sleeps");
    }
  }

  static final class ExitsInACallback {
    public static void main(String[] arguments) {
      run(() -> {
        Asyncio.runningLoop().callSoon(() -> System.exit(7));
        sleep(ofDays(1));
      });
    }
  }

  @Test
  void exitInACallbackEndsTheProcessWithItsCode() throws Exception {
    try (var child = new ChildJvm(ExitsInACallback.class)) {
      child.assertExitCode(7);
    }
  }

  static final class ExitsInCleanUpAfterCtrlC {
    public static void main(String[] arguments) {
      run(() -> {
        print("ready");
        sleepAndCleanUp(() -> System.exit(8));
      });
    }
  }

  @Test
  void exitInTheCleanUpAfterCtrlCEndsTheProcessWithItsCode() throws Exception {
    try (var child = new ChildJvm(ExitsInCleanUpAfterCtrlC.class)) {
      child.awaitLine("ready");
      child.signal("INT");
      child.assertExitCode(8);
    }
  }

  static final class RunsOutOfMemory {
    public static void main(String[] arguments) {
      try {
        run(() -> {
          createTask(() -> {
            List<byte[]> kept = new ArrayList<>();
            while (true) {
              kept.add(new byte[1 << 20]);
              yieldNow();
            }
          });
          sleep(ofDays(1));
        });
      } catch (OutOfMemoryError bare) {
        print("out of memory");
      }
      run(() -> print("another run"));
    }
  }

  @Test
  void aRealOutOfMemoryErrorEndsItsRunBareAndTheProgramGoesOn() throws Exception {
    try (var child = new ChildJvm(RunsOutOfMemory.class)) {
      child.assertExitCode(0);
      assertEquals(List.of("out of memory", "another run"), child.lines());
    }
  }

  static final class OverflowsItsStack {
    public static void main(String[] arguments) {
      int[] depth = {0};
      var failure = run(() -> {
        var task = createTask(() -> recurse(depth));
        yieldNow();
        return task.exception();
      });
      print(failure.getClass().getSimpleName() + " " + (depth[0] > 100));
    }

    @SuppressWarnings("InfiniteRecursion") // until the stack overflows
    private static int recurse(int[] depth) {
      depth[0]++;
      return recurse(depth) + 1;
    }
  }

  @Test
  void aStackThatOverflowsIsAFailureOfItsTaskAndNotOfTheProcess() throws Exception {
    try (var child = new ChildJvm(OverflowsItsStack.class)) {
      child.assertExitCode(0);
      assertEquals(List.of("StackOverflowError true"), child.lines());
    }
  }

  static final class CatchesIt {
    public static void main(String[] arguments) {
      try {
        run(() -> {
          print("ready");
          sleep(ofDays(1));
        });
      } catch (KeyboardInterrupt interrupt) {
        print("caught " + interrupt.getMessage() + " " + interrupt.exitCode());
      }
      run(() -> print("another run"));
    }
  }

  @Test
  void aKeyboardInterruptThatIsCaughtLetsTheProgramGoOn() throws Exception {
    try (var child = new ChildJvm(CatchesIt.class)) {
      child.awaitLine("ready");
      child.signal("INT");
      child.assertExitCode(0);
      assertEquals(List.of("ready", "caught SIGINT 130", "another run"), child.lines());
    }
  }

  static final class SwallowsIt {
    public static void main(String[] arguments) {
      String result = run(() -> {
        print("ready");
        try {
          sleep(ofDays(1));
          return "slept";
        } catch (CancelledError swallowed) {
          return "swallowed";
        }
      });
      print(result);
    }
  }

  @Test
  void aMainTaskThatSwallowsCtrlCReturnsItsResult() throws Exception {
    try (var child = new ChildJvm(SwallowsIt.class)) {
      child.awaitLine("ready");
      child.signal("INT");
      child.assertExitCode(0);
      assertEquals(List.of("ready", "swallowed"), child.lines());
    }
  }

  static final class RunsOnAnotherThread {
    public static void main(String[] arguments) throws InterruptedException {
      Thread.ofPlatform()
          .name("worker")
          .start(() -> run(() -> {
            print("ready");
            cleansUp("cleaned up");
          }))
          .join();
    }
  }

  @Test
  @Covers("test_runners.RunnerTests.signal_install_not_supported_ok")
  void aRunOnAnotherThreadLeavesSignalsToTheJvmAndStillCleansUp() throws Exception {
    try (var child = new ChildJvm(RunsOnAnotherThread.class)) {
      child.awaitLine("ready");
      child.signal("TERM");
      child.assertExitCode(143);
      assertTrue(child.lines().contains("cleaned up"), () -> child.lines().toString());
    }
  }

  static final class Fails {
    public static void main(String[] arguments) {
      run(() -> {
        throw new IllegalStateException("by hand");
      });
    }
  }

  @Test
  void anUncaughtFailureIsPrintedAndEndsWithOne() throws Exception {
    try (var child = new ChildJvm(Fails.class)) {
      child.assertExitCode(1);
      assertTrue(
          child.lines().getFirst().contains("java.lang.IllegalStateException: by hand"),
          () -> child.lines().toString());
      assertAnyContains(child.lines(), "ProcessExitTest$Fails");
    }
  }

  static final class InterruptedBeforeItsFirstRun {
    public static void main(String[] arguments) {
      Thread.currentThread().interrupt();
      try {
        run(() -> sleep(ofDays(1)));
      } catch (CancelledError cancelled) {
        print("cancelled");
      }
    }
  }

  @Test
  void anInterruptBeforeTheFirstRunOfTheProcessIsNotLost() throws Exception {
    try (var child = new ChildJvm(InterruptedBeforeItsFirstRun.class)) {
      child.assertExitCode(0);
      assertEquals(List.of("cancelled"), child.lines());
    }
  }

  static final class TellsItsCarrier {
    public static void main(String[] arguments) {
      run(() -> print(Asyncio.carrier().name()));
    }
  }

  @Test
  void withoutAPropertyTheCarrierIsChosenByProbing() throws Exception {
    try (var child = new ChildJvm(TellsItsCarrier.class, "-Dasyncio.carrier=")) {
      child.assertExitCode(0);
      assertEquals(List.of(Asyncio.carrier().name()), child.lines());
    }
  }

  @Test
  void theMountedCarrierWithoutItsFlagIsAnErrorThatNamesTheFlag() throws Exception {
    Only.portable("the flag is given to the child of a JVM on the mounted carrier");
    try (var child = new ChildJvm(TellsItsCarrier.class, "-Dasyncio.carrier=mounted")) {
      child.assertExitCode(1);
      assertTrue(
          child.lines().getFirst().contains("--add-opens java.base/java.lang=ALL-UNNAMED"),
          () -> child.lines().toString());
    }
  }

  @Test
  void anUnknownCarrierIsAnError() throws Exception {
    try (var child = new ChildJvm(TellsItsCarrier.class, "-Dasyncio.carrier=pigeon")) {
      child.assertExitCode(1);
      assertTrue(
          child.lines().getFirst().contains("pigeon"), () -> child.lines().toString());
      assertFalse(child.lines().contains("MOUNTED"));
    }
  }

  static final class TwoRunsThatCtrlCEnds {
    public static void main(String[] arguments) {
      try (var runner = new Runner()) {
        for (String run : List.of("first", "second")) {
          try {
            runner.run(() -> {
              print(run);
              sleep(ofDays(1));
            });
          } catch (KeyboardInterrupt interrupt) {
            print("caught");
          }
        }
      }
      print("the end");
    }
  }

  @Test
  void ctrlCCancelsEachRunOfARunner() throws Exception {
    try (var child = new ChildJvm(TwoRunsThatCtrlCEnds.class)) {
      child.awaitLine("first");
      child.signal("INT");
      child.awaitLine("second");
      child.signal("INT");
      child.assertExitCode(0);
      assertEquals(List.of("first", "caught", "second", "caught", "the end"), child.lines());
    }
  }

  // ---- programs that do not end ----

  private static final String GRACE = "-Dasyncio.shutdownGraceMillis=100";

  @Test
  void aCoroutineThatComputesIsNamedAndHaltedWhenTheGraceIsOver() throws Exception {
    try (var child = new ChildJvm(NeverYields.class, GRACE)) {
      child.awaitLine("computing");
      child.signal("TERM");
      child.assertExitCode(143);
      assertContains(
          child.output(),
          "INFO: SIGTERM: Task 'Task-1' of the event loop 'asyncio-1' is cancelled",
          "not ended after 100 ms",
          "has not ended within 100 ms of SIGTERM, and is halted with exit code 143",
          "Task 'Task-1' holds it",
          "NeverYields.lambda$main");
    }
  }

  static final class FourThatNeverYield {
    public static void main(String[] arguments) {
      for (int i = 0; i < 3; i++) {
        Thread.ofPlatform().daemon().start(() -> NeverYields.main(arguments));
      }
      NeverYields.main(arguments);
    }
  }

  @Test
  void manyLoopsThatAreHeldAreToldTogether() throws Exception {
    // Each one keeps a thread of the portable carrier.
    String threads = "-Djdk.virtualThreadScheduler.parallelism=8";
    try (var child =
        new ChildJvm(FourThatNeverYield.class, GRACE, threads, "-Dasyncio.slowStepMillis=60000")) {
      for (int i = 0; i < 4; i++) {
        child.awaitLine("computing");
      }
      child.signal("TERM");
      child.assertExitCode(143);
      for (int i = 1; i <= 4; i++) {
        assertContains(child.output(), "Loop 'asyncio-" + i + "' does not answer");
      }
    }
  }

  static final class JoinsForEver {
    public static void main(String[] arguments) {
      run(() -> {
        createTask("other", () -> sleep(ofDays(1)));
        yieldNow();
        print("joining");
        new CompletableFuture<String>().join();
      });
    }
  }

  @Test
  void aCallThatIgnoresInterruptsIsNamedAndHaltedWhenTheGraceIsOver() throws Exception {
    try (var child = new ChildJvm(JoinsForEver.class, GRACE)) {
      child.awaitLine("joining");
      child.signal("INT");
      child.assertExitCode(130);
      assertContains(
          child.output(), "of SIGINT, and is halted with exit code 130", "CompletableFuture.join(");
      if (Asyncio.carrier() == CarrierKind.MOUNTED) { // on the other one it holds the loop
        assertContains(child.output(), "other sleeps");
      }
    }
  }

  static final class HangsInTheEnd {
    public static void main(String[] arguments) {
      var options = RunOptions.defaults().withShutdownGrace(ofMillis(100));
      try (var runner = new Runner(options)) {
        runner.run(() -> {
          createTask("hanging", () -> sleepAndCleanUp(() -> sleep(ofDays(1))));
          yieldNow();
          print("ready");
          sleep(ofDays(1));
        });
      }
    }
  }

  @Test
  void aCleanUpThatHangsWhileTheLoopClosesIsNamedAndHalted() throws Exception {
    try (var child = new ChildJvm(HangsInTheEnd.class)) {
      child.awaitLine("ready");
      child.signal("TERM");
      child.assertExitCode(143);
      assertContains(child.output(), "within 100 ms of SIGTERM", "hanging sleeps");
    }
  }

  static final class HangsOnAnotherThread {
    public static void main(String[] arguments) throws InterruptedException {
      Thread.ofPlatform()
          .start(() -> run(() -> {
            print("ready");
            sleepAndCleanUp(() -> sleep(ofDays(1)));
          }))
          .join();
    }
  }

  private static void tellsAtOnceWhatIsEnded(Class<?> main, String signal) throws Exception {
    // It is told within the grace, which outlives the test.
    try (var child = new ChildJvm(main, "-Dasyncio.shutdownGraceMillis=3600000")) {
      child.awaitLine("ready");
      child.signal(signal);
      String line = child.awaitLineWith("SIG" + signal + ": ");
      assertContains(
          line,
          "the tasks of the event loop 'asyncio-1' are cancelled",
          "at the latest after 3600000 ms");
      assertTrue(child.isAlive());
    }
  }

  @Test
  void whatSigtermEndsOnAnotherThreadIsToldAtOnce() throws Exception {
    tellsAtOnceWhatIsEnded(HangsOnAnotherThread.class, "TERM");
  }

  @Test
  void whatSighupEndsIsToldAtOnce() throws Exception {
    tellsAtOnceWhatIsEnded(HangsOnAnotherThread.class, "HUP");
    tellsAtOnceWhatIsEnded(HangsInTheMainRun.class, "HUP");
  }

  static final class HangsInTheMainRun {
    public static void main(String[] arguments) {
      run(() -> {
        print("ready");
        sleepAndCleanUp(() -> sleep(ofDays(1)));
      });
    }
  }

  @Test
  void aGraceOfNoTimeEndsTheProgramAtOnce() throws Exception {
    try (var child = new ChildJvm(NeverYields.class, "-Dasyncio.shutdownGraceMillis=0")) {
      child.awaitLine("computing");
      child.signal("TERM");
      child.assertExitCode(143);
      assertContains(child.output(), "has not ended within 0 ms of SIGTERM");
    }
  }

  @Test
  void aGraceWithoutEndLetsTheProgramCleanUp() throws Exception {
    long longest = Long.MAX_VALUE;
    try (var child = new ChildJvm(Waits.class, "-Dasyncio.shutdownGraceMillis=" + longest)) {
      child.awaitLine("ready");
      child.signal("TERM");
      child.assertExitCode(143);
      assertContains(child.output(), "cleaned up", "other task cleaned up");
      assertNoneContains(child.lines(), "program has not ended within");
    }
  }

  static final class ExitsWithAnEndlessGrace {
    public static void main(String[] arguments) {
      var options = RunOptions.defaults().withShutdownGrace(FOREVER.getDuration());
      try (var runner = new Runner(options)) {
        runner.run(() -> {
          createTask(() -> cleansUp("cleaned up"));
          yieldNow();
          toThread(() -> System.exit(6));
        });
      }
    }
  }

  @Test
  void aGraceWithoutEndLetsTheProgramCleanUpBeforeItsExit() throws Exception {
    try (var child = new ChildJvm(ExitsWithAnEndlessGrace.class)) {
      child.assertExitCode(6);
      assertEquals(List.of("cleaned up"), child.printed());
    }
  }

  @Test
  void aNegativeGraceIsRefused() {
    for (Duration negative : List.of(Duration.ofNanos(-1), Duration.ofSeconds(Long.MIN_VALUE))) {
      assertThrows(
          IllegalArgumentException.class, () -> RunOptions.defaults().withShutdownGrace(negative));
    }
  }

  @Test
  void sighupCleansUpWithoutAStack() throws Exception {
    try (var child = new ChildJvm(Waits.class)) {
      child.awaitLine("ready");
      child.signal("HUP");
      child.assertExitCode(129);
      assertContains(child.output(), "cleaned up", "other task cleaned up");
      assertNoneContains(child.lines(), "Exception in thread");
    }
  }
}
