package asyncio.internal.diagnosis;

import org.jspecify.annotations.Nullable;

/**
 * How a step that lasts spends its time, as far as the watchdog's looks at it show: that it lasts
 * need not be its own fault. Watchdog only.
 */
final class StepProfile {
  /** Called by the JVM, in Java, to link what code uses for the first time. */
  private static final String LINKER = "java.lang.invoke.MethodHandleNatives";

  /** Where classes are looked for, read, or made. */
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

  /** The looks so far have been told: the next report tells what the step does then. */
  void reported() {
    looks = 0;
    preparing = 0;
  }

  /** For how long its thread has had a processor, ever. */
  void cpu(long nanos) {
    if (nanos != CpuTime.UNKNOWN && cpuBefore == CpuTime.UNKNOWN) {
      cpuBefore = nanos;
    }
    cpu = nanos;
  }

  /** Whether it mostly loads, initialises and links classes, which a program does once. */
  boolean mostlyPrepares() {
    return 2 * preparing > looks;
  }

  /**
   * For how long it has had a processor since that was first asked; {@link CpuTime#UNKNOWN} where
   * the answer is.
   */
  long cpuNanos() {
    return cpu == CpuTime.UNKNOWN || cpuBefore == CpuTime.UNKNOWN
        ? CpuTime.UNKNOWN
        : cpu - cpuBefore;
  }

  /** Whether the code of a stack is there to make other code run for the first time. */
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

  /** Whether the thread stands in the operating system, which may let it wait. */
  static boolean isInNative(StackTraceElement @Nullable [] stack) {
    return stack != null && stack.length > 0 && stack[0].isNativeMethod();
  }
}
