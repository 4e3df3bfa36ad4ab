package asyncio.internal.diagnosis;

import java.util.List;

/**
 * The classes of this library that run code when they are initialised. That happens at their first
 * use, wherever that is: if the stack is nearly exhausted the initialiser fails, and the JVM never
 * tries such a class again. So they are initialised early, by a separate thread.
 */
final class EarlyClasses {
  /**
   * All except those that serve a single option, need a module that may be missing, or run
   * elsewhere.
   */
  static final List<String> NAMES = List.of(
      "asyncio.Asyncio",
      "asyncio.Barrier$State",
      "asyncio.CallGraphOptions",
      "asyncio.CallbackHandle",
      "asyncio.CarrierKind",
      "asyncio.ClientTls",
      "asyncio.ConnectOptions",
      "asyncio.Context",
      "asyncio.ContextValues",
      "asyncio.ContextVar",
      "asyncio.EventLoop",
      "asyncio.FileChange$Kind",
      "asyncio.LeakCheck",
      "asyncio.ReturnWhen",
      "asyncio.RunOptions",
      "asyncio.Server",
      "asyncio.Server$State",
      "asyncio.ServerOptions",
      "asyncio.StreamReader",
      "asyncio.SystemClock",
      "asyncio.TaskFactory",
      "asyncio.TaskGroup$Abort",
      "asyncio.TaskGroup$State",
      "asyncio.TaskOptions",
      "asyncio.Timeout$State",
      "asyncio.TlsTrust",
      "asyncio.WaitGraph$State",
      "asyncio.WaitKind",
      "asyncio.WalkOptions",
      "asyncio.flow.FlowEmission$State",
      "asyncio.flow.FlowEmission$Turn",
      "asyncio.internal.bridge.HelperPool",
      "asyncio.internal.bridge.LoopExecutors",
      "asyncio.internal.diagnosis.Cycles$Finding",
      "asyncio.internal.diagnosis.ForeignWait",
      "asyncio.internal.diagnosis.StepProfile",
      "asyncio.internal.diagnosis.StepReport$Cause",
      "asyncio.internal.diagnosis.Watchdog",
      "asyncio.internal.diagnosis.WorstSteps",
      "asyncio.internal.engine.BufferPool",
      "asyncio.internal.engine.FileTransfer$State",
      "asyncio.internal.engine.NioEngine",
      "asyncio.internal.exit.Grace",
      "asyncio.internal.exit.ShutdownHook",
      "asyncio.internal.file.FileMemory",
      "asyncio.internal.file.OpenFile$State",
      "asyncio.internal.log.Logs",
      "asyncio.internal.net.AcceptTrouble",
      "asyncio.internal.net.ReceiveBuffer",
      "asyncio.internal.net.StreamOptions",
      "asyncio.internal.net.SystemResolver",
      "asyncio.internal.scheduler.Baton",
      "asyncio.internal.scheduler.Current",
      "asyncio.internal.scheduler.Inbox",
      "asyncio.internal.scheduler.Region",
      "asyncio.internal.scheduler.StallDetector",
      "asyncio.internal.scheduler.Unmarked",
      "asyncio.internal.task.AbstractFuture",
      "asyncio.internal.task.FailureCopy",
      "asyncio.internal.task.FailureCopy$Shape",
      "asyncio.internal.task.Shield$LeftBehind",
      "asyncio.internal.task.StaggeredRace$State",
      "asyncio.internal.task.TaskFiber",
      "asyncio.internal.task.UnretrievedFailure$Cleaners",
      "asyncio.internal.task.WaitUntil$1",
      "asyncio.internal.tls.Alerts",
      "asyncio.internal.tls.TlsHelpers",
      "asyncio.internal.tls.TlsParameters",
      "asyncio.internal.tls.TlsSetup$ClientCertificates",
      "asyncio.internal.tls.TlsStream",
      "asyncio.internal.tls.TlsStream$1",
      "asyncio.internal.tls.Trust",
      "asyncio.internal.util.ByteFifo",
      "asyncio.internal.util.CreationSite",
      "asyncio.internal.util.Headroom",
      "asyncio.internal.util.VectorRegisters");

  /**
   * Classes without an initialiser that are first used when something has gone wrong: loading one
   * takes memory, which may be what has run out. JDK classes are listed because a loader searches
   * for them again, in Java, until it has found them once.
   */
  private static final List<String> FOR_BAD_DAYS = List.of(
      "asyncio.CancelledError",
      "asyncio.DeadlockException",
      "asyncio.internal.task.Failures",
      "asyncio.KeyboardInterrupt",
      "asyncio.WaitGraph",
      "asyncio.internal.diagnosis.Cycles",
      "asyncio.internal.diagnosis.StallReport",
      "asyncio.internal.task.UnretrievedFailure",
      "asyncio.internal.scheduler.CancelRequests",
      "asyncio.internal.scheduler.Interrupts",
      "asyncio.internal.log.Log",
      "asyncio.internal.scheduler.Pinned",
      "asyncio.internal.util.Sneaky",
      "java.lang.InterruptedException",
      "java.lang.OutOfMemoryError",
      "java.lang.StackOverflowError",
      "java.lang.System$Logger$Level",
      "java.lang.Throwable",
      "java.lang.VirtualMachineError");

  private EarlyClasses() {}

  /** Initialises these classes. One that can't be initialised fails later, where it is used. */
  static void initialize() {
    initialize(NAMES);
    initialize(FOR_BAD_DAYS);
  }

  private static void initialize(List<String> names) {
    for (int i = 0; i < names.size(); i++) { // an iterator would take memory, outside the try
      try {
        Class.forName(names.get(i), true, EarlyClasses.class.getClassLoader());
      } catch (Throwable unusable) {
        // It fails where it is used.
      }
    }
  }
}
