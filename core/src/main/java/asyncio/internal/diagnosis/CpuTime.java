package asyncio.internal.diagnosis;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.lang.management.ThreadMXBean;
import org.jspecify.annotations.Nullable;

/**
 * Tells how long a thread has had a processor. On the watchdog's thread, and only if a step lasts:
 * the first call loads classes.
 */
final class CpuTime {
  static final long UNKNOWN = -1;

  /**
   * Whether the JVM has said that it does not tell: asking at each look would only throw errors.
   */
  private static volatile boolean absent;

  /** In tests: no thread gets a processor, as far as is told. */
  static volatile boolean standsStill;

  private CpuTime() {}

  /** Returns the time in nanoseconds; {@link #UNKNOWN} if the JVM does not tell. */
  static long of(Thread thread) {
    if (absent) {
      return UNKNOWN;
    }
    if (standsStill) {
      return 0;
    }
    try {
      ThreadMXBean threads = ManagementFactory.getThreadMXBean();
      if (!thread.isVirtual()) {
        return threads.getThreadCpuTime(thread.threadId());
      }
      String carrier = carrierIn(thread.toString());
      for (ThreadInfo info : threads.getThreadInfo(threads.getAllThreadIds())) {
        if (carrier != null && info != null && carrier.equals(info.getThreadName())) {
          return threads.getThreadCpuTime(info.getThreadId());
        }
      }
      return UNKNOWN;
    } catch (LinkageError | UnsupportedOperationException lasting) {
      absent = true; // no module java.management, or a JVM that does not measure
      return UNKNOWN;
    } catch (Throwable noMemory) {
      return UNKNOWN;
    }
  }

  /**
   * Returns the name of the thread that carries a virtual one, which only its string form tells:
   * {@code VirtualThread[#22,name]/runnable@ForkJoinPool-1-worker-1}. Null if it is not carried.
   */
  static @Nullable String carrierIn(String thread) {
    int state = thread.lastIndexOf("]/");
    int carrier = thread.indexOf('@', Math.max(0, state));
    return state < 0 || carrier < 0 ? null : thread.substring(carrier + 1);
  }
}
