package asyncio.internal.loop;

import asyncio.CarrierKind;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.Constructor;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * Chooses the carrier by trying: whether the JDK lets us give virtual threads a scheduler, and
 * whether it then really uses it. The version of the JDK is not asked.
 */
public final class Carriers {
  /** The JVM option that makes the mounted carrier possible, as error messages name it. */
  public static final String FLAG = "--add-opens java.base/java.lang=ALL-UNNAMED";

  /** Makes a {@link Thread.Builder.OfVirtual} from an {@link Executor}. */
  private static @Nullable MethodHandle builders;

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

  /** A builder of virtual threads that {@code scheduler} runs. */
  static synchronized Thread.Builder.OfVirtual mountedBuilder(Executor scheduler) {
    probe();
    if (builders == null) {
      throw new IllegalStateException("The mounted carrier is not possible: " + unavailable);
    }
    return newBuilder(builders, scheduler);
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
      // Rather than Constructor.newInstance, which costs a starting program some ms: it makes
      // classes at run time that the JDK has ready for this type of call.
      MethodHandle maker =
          MethodHandles.lookup()
              .unreflectConstructor(constructor)
              .asType(MethodType.methodType(Thread.Builder.OfVirtual.class, Executor.class));
      if (!isMountedBy(maker)) {
        unavailable = "this JDK takes a scheduler for a virtual thread but does not use it";
        return;
      }
      builders = maker;
    } catch (ReflectiveOperationException | RuntimeException e) {
      unavailable = "this JDK has no virtual threads with a scheduler of one's own (" + e + ")";
    }
  }

  private static Thread.Builder.OfVirtual newBuilder(MethodHandle maker, Executor scheduler) {
    try {
      return (Thread.Builder.OfVirtual) maker.invokeExact(scheduler);
    } catch (Throwable failure) {
      throw Sneaky.rethrow(failure);
    }
  }

  /** Whether a virtual thread made with a scheduler of ours is run by it. */
  private static boolean isMountedBy(MethodHandle candidate) {
    var trial = new Trial(candidate);
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
    return trial.mounted;
  }

  /**
   * Starts a virtual thread whose scheduler only keeps what it is given, and sees whether running
   * that runs the thread. All parts in one class: each more is loaded by every program that starts.
   */
  private static final class Trial implements Runnable, Executor {
    private final MethodHandle candidate;
    private @Nullable Runnable submitted;
    private boolean mounted;

    Trial(MethodHandle candidate) {
      this.candidate = candidate;
    }

    @Override
    public void execute(Runnable continuation) {
      submitted = continuation;
    }

    /** Runs first on the thread that tries, then on the virtual thread that it starts. */
    @Override
    public void run() {
      if (Thread.currentThread().isVirtual()) {
        mounted = true;
        return;
      }
      newBuilder(candidate, this).start(this);
      Runnable continuation = submitted;
      if (continuation != null) {
        continuation.run();
      }
    }
  }
}
