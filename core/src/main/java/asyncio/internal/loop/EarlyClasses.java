package asyncio.internal.loop;

import java.util.List;

/**
 * The classes of this library that run code when they are initialised. That happens at their first
 * use, wherever that is: with the stack nearly at its end the initialiser fails, and the JVM gives
 * such a class up for good. So they are initialised early, by a thread of their own.
 */
final class EarlyClasses {
  /** All but those that serve one option, need a module that may be missing, or run elsewhere. */
  static final List<String> NAMES =
      List.of(
          "asyncio.Asyncio",
          "asyncio.Barrier$State",
          "asyncio.CallGraphOptions",
          "asyncio.CallbackHandle",
          "asyncio.CarrierKind",
          "asyncio.Context",
          "asyncio.ContextValues",
          "asyncio.ContextVar",
          "asyncio.Deadlocks$Finding",
          "asyncio.EventLoop",
          "asyncio.FailureCopy",
          "asyncio.FailureCopy$Shape",
          "asyncio.FlowEmission$State",
          "asyncio.FlowEmission$Turn",
          "asyncio.ForeignWait",
          "asyncio.Future",
          "asyncio.Grace",
          "asyncio.LeakCheck",
          "asyncio.LoopExecutors",
          "asyncio.ReturnWhen",
          "asyncio.RunOptions",
          "asyncio.Shield$LeftBehind",
          "asyncio.ShutdownHook",
          "asyncio.StaggeredRace$State",
          "asyncio.SystemClock",
          "asyncio.Task",
          "asyncio.TaskFactory",
          "asyncio.TaskGroup$Abort",
          "asyncio.TaskGroup$State",
          "asyncio.TaskOptions",
          "asyncio.Timeout$State",
          "asyncio.UnretrievedFailure$Cleaners",
          "asyncio.WaitGraph$State",
          "asyncio.WaitKind",
          "asyncio.WaitUntil$1",
          "asyncio.internal.engine.BufferPool",
          "asyncio.internal.engine.NioEngine",
          "asyncio.internal.loop.CreationSite",
          "asyncio.internal.loop.Fiber",
          "asyncio.internal.loop.Headroom",
          "asyncio.internal.loop.Inbox",
          "asyncio.internal.loop.Logs",
          "asyncio.internal.loop.Loop",
          "asyncio.internal.loop.Region",
          "asyncio.internal.loop.StepProfile",
          "asyncio.internal.loop.Unmarked",
          "asyncio.internal.loop.VectorRegisters",
          "asyncio.internal.loop.Watchdog",
          "asyncio.internal.loop.WorstSteps",
          "asyncio.net.AcceptTrouble",
          "asyncio.net.ByteFifo",
          "asyncio.net.ConnectOptions",
          "asyncio.net.Resolver",
          "asyncio.net.Server",
          "asyncio.net.Server$State",
          "asyncio.net.ServerOptions",
          "asyncio.net.StreamOptions",
          "asyncio.net.StreamReader");

  /**
   * Classes without an initialiser that are first used where something has gone wrong: to load one
   * takes memory, which may be what has gone. Those of the JDK are named since a loader looks for
   * them anew, in Java, until it has found them once.
   */
  private static final List<String> FOR_BAD_DAYS =
      List.of(
          "asyncio.CancelledError",
          "asyncio.Failures",
          "asyncio.KeyboardInterrupt",
          "asyncio.UnretrievedFailure",
          "asyncio.internal.loop.CancelRequests",
          "asyncio.internal.loop.Interrupts",
          "asyncio.internal.loop.Log",
          "asyncio.internal.loop.Pinned",
          "asyncio.internal.loop.Sneaky",
          "java.lang.InterruptedException",
          "java.lang.OutOfMemoryError",
          "java.lang.StackOverflowError",
          "java.lang.System$Logger$Level",
          "java.lang.Throwable",
          "java.lang.VirtualMachineError");

  private EarlyClasses() {}

  /** Initialises them. One that can't be is left to who uses it, and fails there. */
  static void initialize() {
    initialize(NAMES);
    initialize(FOR_BAD_DAYS);
  }

  private static void initialize(List<String> names) {
    for (int i = 0; i < names.size(); i++) { // an iterator would take memory, outside of the try
      try {
        Class.forName(names.get(i), true, EarlyClasses.class.getClassLoader());
      } catch (Throwable unusable) {
        // As said.
      }
    }
  }
}
