package asyncio.internal.diagnosis;

import org.jspecify.annotations.Nullable;

/**
 * How a long step spends its time, as far as the watchdog's looks show: that it lasts long need not
 * be its own fault. Watchdog only.
 */
final class StepProfile {
  /** Called by the JVM to link, in Java, what code uses for the first time. */
  private static final String LINKER = "java.lang.invoke.MethodHandleNatives";

  /** Where classes are searched for, read or generated. */
  private static final String[] LOADERS = {
    "java.lang.ClassLoader",
    "java.util.ServiceLoader",
    "java.lang.reflect.Proxy",
    "jdk.internal.loader.",
    "jdk.internal.classfile.",
    "java.lang.classfile.",
    "jdk.internal.jrtfs.",
    "jdk.internal.jimage.",
  };

  private int looks;
  private int preparing;
  private long cpuBefore = CpuTime.UNKNOWN;
  private long cpu = CpuTime.UNKNOWN;

  void look(Thread.State state, StackTraceElement[] stack) {
    looks++;
    if (state == Thread.State.RUNNABLE && prepares(stack)) {
      preparing++;
    }
  }

  /**
   * Forgets the looks so far, which have been reported: the next report tells what the step does
   * from now on.
   */
  void reported() {
    looks = 0;
    preparing = 0;
  }

  /** Records how long its thread has had a processor in total. */
  void cpu(long nanos) {
    if (nanos != CpuTime.UNKNOWN && cpuBefore == CpuTime.UNKNOWN) {
      cpuBefore = nanos;
    }
    cpu = nanos;
  }

  /** Whether it mostly loads, initialises and links classes, which a program does only once. */
  boolean mostlyPrepares() {
    return 2 * preparing > looks;
  }

  /**
   * Returns how long it has had a processor since that was first recorded; {@link CpuTime#UNKNOWN}
   * if either value is unknown.
   */
  long cpuNanos() {
    return cpu == CpuTime.UNKNOWN || cpuBefore == CpuTime.UNKNOWN
        ? CpuTime.UNKNOWN
        : cpu - cpuBefore;
  }

  /** Whether the code of a stack prepares other code to run for the first time. */
  static boolean prepares(StackTraceElement[] stack) {
    for (StackTraceElement frame : stack) {
      if (frame.getMethodName().equals("<clinit>") || isLoader(frame)) {
        return true;
      }
    }
    return false;
  }

  private static boolean isLoader(StackTraceElement frame) {
    String type = frame.getClassName();
    if (type.equals(LINKER)) {
      return frame.getMethodName().startsWith("link");
    }
    if (type.equals("java.lang.Class")) {
      return frame.getMethodName().startsWith("forName");
    }
    for (String loader : LOADERS) {
      if (type.startsWith(loader)) {
        return true;
      }
    }
    return false;
  }

  /** Whether the thread is in the operating system, which may make it wait. */
  static boolean isInNative(StackTraceElement @Nullable [] stack) {
    return stack != null && stack.length > 0 && stack[0].isNativeMethod();
  }
}
