package asyncio.internal.diagnosis;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** Whose fault a long step is; when a machine is short of processors can't be arranged. */
class StepProfileTest {
  private static StackTraceElement frame(String type, String method) {
    return new StackTraceElement(type, method, null, 1);
  }

  private static StackTraceElement[] stack(StackTraceElement inner) {
    return new StackTraceElement[] {inner, frame("app.Main", "main")};
  }

  @Test
  void loadingInitialisingAndLinkingPrepare() {
    assertTrue(StepProfile.prepares(stack(frame("app.Config", "<clinit>"))));
    assertTrue(
        StepProfile.prepares(stack(frame("jdk.internal.loader.BuiltinClassLoader", "loadClass"))));
    assertTrue(
        StepProfile.prepares(stack(frame("java.lang.invoke.MethodHandleNatives", "linkCallSite"))));
    assertTrue(StepProfile.prepares(stack(frame("java.lang.Class", "forName0"))));
    assertFalse(StepProfile.prepares(stack(frame("java.lang.Class", "getName"))));
    assertFalse(StepProfile.prepares(stack(frame("java.util.HashMap", "get"))));
  }

  @Test
  void whatAStepMostlyDoesCounts() {
    var profile = new StepProfile();
    var loads = stack(frame("java.lang.ClassLoader", "loadClass"));
    profile.look(Thread.State.RUNNABLE, loads);
    assertTrue(profile.mostlyPrepares());
    profile.look(Thread.State.RUNNABLE, stack(frame("app.Main", "compute")));
    assertFalse(profile.mostlyPrepares());
    profile.look(Thread.State.WAITING, loads); // it waits, whatever it came from
    assertFalse(profile.mostlyPrepares());
  }

  @Test
  void whatHasBeenReportedIsNotCountedAgain() {
    var profile = new StepProfile();
    profile.look(Thread.State.RUNNABLE, stack(frame("java.lang.ClassLoader", "loadClass")));
    profile.look(Thread.State.RUNNABLE, stack(frame("java.lang.ClassLoader", "loadClass")));
    profile.reported();
    profile.look(Thread.State.RUNNABLE, stack(frame("app.Main", "compute")));
    assertFalse(profile.mostlyPrepares());
  }

  @Test
  void aThreadThatGetsNoProcessorIsIdleUntilItHasWorkedForAWhile() {
    var profile = new StepProfile();
    assertEquals(CpuTime.UNKNOWN, profile.cpuNanos());
    profile.cpu(1_000);
    profile.cpu(1_020);
    assertEquals(20, profile.cpuNanos());
    assertTrue(Watchdog.isIdle(profile.cpuNanos(), 100, 100));
    profile.cpu(1_025);
    assertFalse(Watchdog.isIdle(profile.cpuNanos(), 100, 400));
    profile.cpu(CpuTime.UNKNOWN);
    assertFalse(Watchdog.isIdle(profile.cpuNanos(), 100, 400));
  }

  @Test
  void whoCarriesAVirtualThread() {
    assertEquals(
        "ForkJoinPool-1-worker-1",
        CpuTime.carrierIn("VirtualThread[#22,a@b]/runnable@ForkJoinPool-1-worker-1"));
    assertNull(CpuTime.carrierIn("VirtualThread[#22]/waiting"));
  }

  @Test
  void theProcessorTimeOfAThreadGrows() throws Exception {
    long[] grown = new long[1];
    Thread worker = Thread.ofVirtual().start(() -> {
      Thread self = Thread.currentThread();
      long before = CpuTime.of(self);
      while (before != CpuTime.UNKNOWN && grown[0] <= 0) {
        grown[0] = CpuTime.of(self) - before;
      }
    });
    worker.join();
    assertTrue(grown[0] > 0);
    assertTrue(CpuTime.of(Thread.currentThread()) > 0);
  }
}
