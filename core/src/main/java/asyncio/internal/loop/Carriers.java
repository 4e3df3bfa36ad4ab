package asyncio.internal.loop;

import asyncio.CarrierKind;
import java.lang.reflect.Constructor;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.Executor;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Chooses the carrier by trying: whether the JDK lets us give virtual threads a scheduler, and
 * whether it then really uses it. The version of the JDK is not asked.
 */
public final class Carriers {
  /** The JVM option that makes the mounted carrier possible, as error messages name it. */
  public static final String FLAG = "--add-opens java.base/java.lang=ALL-UNNAMED";

  private static @Nullable Function<Executor, Thread.Builder.OfVirtual> builders;
  private static @Nullable String unavailable;
  private static boolean probed;

  private Carriers() {}

  /**
   * The carrier that new loops get: as {@code -Dasyncio.carrier} says, else mounted where possible.
   */
  public static CarrierKind choose() {
    String wanted = System.getProperty("asyncio.carrier", "");
    switch (wanted) {
      case "portable" -> {
        return CarrierKind.PORTABLE;
      }
      case "mounted" -> {
        probe();
        if (unavailable != null) {
          throw new IllegalStateException(
              "-Dasyncio.carrier=mounted, but "
                  + unavailable
                  + ". Start the JVM with "
                  + flag()
                  + ", or leave the property out.");
        }
        return CarrierKind.MOUNTED;
      }
      case "" -> {
        probe();
        return unavailable == null ? CarrierKind.MOUNTED : CarrierKind.PORTABLE;
      }
      default ->
          throw new IllegalArgumentException(
              "-Dasyncio.carrier=" + wanted + " is not known: it can be mounted or portable.");
    }
  }

  /** The JVM option that makes the mounted carrier possible for this way of starting. */
  public static String flag() {
    Module module = Carriers.class.getModule();
    return module.isNamed() ? "--add-opens java.base/java.lang=" + module.getName() : FLAG;
  }

  /** Why the mounted carrier is not possible; null when it is. */
  public static synchronized @Nullable String unavailable() {
    probe();
    return unavailable;
  }

  /** Makes thread builders with a given scheduler. */
  static synchronized Function<Executor, Thread.Builder.OfVirtual> mountedBuilders() {
    probe();
    if (builders == null) {
      throw new IllegalStateException("The mounted carrier is not possible: " + unavailable);
    }
    return builders;
  }

  private static synchronized void probe() {
    if (probed) {
      return;
    }
    probed = true;
    // The JDK's socket pollers would otherwise be virtual threads that inherit the scheduler of
    // whoever comes first:
    // ours. As platform threads, made on demand, they can't be captured, and the JVM exits faster.
    if (System.getProperty("jdk.pollerMode") == null) {
      System.setProperty("jdk.pollerMode", "1");
    }
    try {
      Constructor<?> constructor =
          Class.forName("java.lang.ThreadBuilders$VirtualThreadBuilder")
              .getDeclaredConstructor(Executor.class);
      if (!constructor.trySetAccessible()) {
        unavailable = "the package java.lang is not open to this library";
        return;
      }
      Function<Executor, Thread.Builder.OfVirtual> made =
          scheduler -> newBuilder(constructor, scheduler);
      if (!isMountedBy(made)) {
        unavailable = "this JDK takes a scheduler for a virtual thread but does not use it";
        return;
      }
      builders = made;
    } catch (ReflectiveOperationException | RuntimeException e) {
      unavailable = "this JDK has no virtual threads with a scheduler of one's own (" + e + ")";
    }
  }

  private static Thread.Builder.OfVirtual newBuilder(
      Constructor<?> constructor, Executor scheduler) {
    try {
      return (Thread.Builder.OfVirtual) constructor.newInstance(scheduler);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(
          "The JDK made one virtual thread builder with a scheduler, and no second", e);
    }
  }

  /**
   * Starts a virtual thread on a queue and sees whether running the queue's content runs the
   * thread.
   */
  private static boolean isMountedBy(Function<Executor, Thread.Builder.OfVirtual> candidate) {
    boolean[] ran = new boolean[1];
    Runnable trial =
        () -> {
          Queue<Runnable> queue = new ArrayDeque<>();
          candidate.apply(queue::add).start(() -> ran[0] = Thread.currentThread().isVirtual());
          Runnable submitted = queue.poll();
          if (submitted != null) {
            submitted.run();
          }
        };
    // A virtual thread can't carry another, and carrying one erases a platform thread's interrupt
    // flag: neither may
    // befall the caller.
    Thread helper = Thread.ofPlatform().daemon().start(trial);
    boolean interrupted = false;
    while (helper.isAlive()) {
      try {
        helper.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    return ran[0];
  }
}
