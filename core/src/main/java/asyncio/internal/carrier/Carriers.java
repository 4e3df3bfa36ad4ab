package asyncio.internal.carrier;

import asyncio.CarrierKind;
import asyncio.internal.scheduler.Carrier;
import asyncio.internal.scheduler.Scheduler;
import asyncio.internal.util.Sneaky;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.Constructor;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * Chooses the carrier by trying whether the JDK lets us give virtual threads a scheduler, and
 * whether it then really uses it. The version of the JDK does not matter.
 */
public final class Carriers {
  /** The JVM option that makes the mounted carrier possible, as error messages name it. */
  public static final String FLAG = "--add-opens java.base/java.lang=ALL-UNNAMED";

  private static @Nullable Probe probe;

  private Carriers() {}

  /**
   * Returns the carrier of a loop that is being created; a null {@code kind} means the one of
   * {@link #choose}.
   */
  public static Carrier make(Scheduler scheduler, @Nullable CarrierKind kind) {
    CarrierKind chosen = kind != null ? kind : choose();
    return chosen == CarrierKind.MOUNTED
        ? new MountedCarrier(scheduler)
        : new PortableCarrier(scheduler);
  }

  /**
   * Returns the carrier that new loops get: what {@code -Dasyncio.carrier} says, otherwise mounted
   * if possible.
   */
  public static CarrierKind choose() {
    String wanted = System.getProperty("asyncio.carrier", "");
    switch (wanted) {
      case "portable" -> {
        return CarrierKind.PORTABLE;
      }
      case "mounted" -> {
        String unavailable = unavailable();
        if (unavailable != null) {
          throw new IllegalStateException("-Dasyncio.carrier=mounted was given, but "
              + unavailable
              + ". Start the JVM with "
              + flag()
              + ", or omit the property.");
        }
        return CarrierKind.MOUNTED;
      }
      case "" -> {
        return unavailable() == null ? CarrierKind.MOUNTED : CarrierKind.PORTABLE;
      }
      default ->
        throw new IllegalArgumentException(
            "-Dasyncio.carrier=" + wanted + " is unknown: use mounted or portable.");
    }
  }

  /**
   * Returns the JVM option that makes the mounted carrier possible for the way this program was
   * started.
   */
  public static String flag() {
    Module module = Carriers.class.getModule();
    return module.isNamed() ? "--add-opens java.base/java.lang=" + module.getName() : FLAG;
  }

  /**
   * Starts to find out whether the mounted carrier is possible, unless it is not wanted, and
   * returns immediately. The JDK takes some time to create its first virtual thread, and a starting
   * program has other things to load meanwhile.
   */
  public static void prepare() {
    if (!System.getProperty("asyncio.carrier", "").equals("portable")) {
      begunProbe();
    }
  }

  /** Returns why the mounted carrier is not possible; null if it is. */
  public static @Nullable String unavailable() {
    return endedProbe().unavailable;
  }

  /** Returns a builder of virtual threads that {@code scheduler} runs. */
  static Thread.Builder.OfVirtual mountedBuilder(Executor scheduler) {
    Probe ended = endedProbe();
    MethodHandle builders = ended.builders;
    if (builders == null || ended.unavailable != null) {
      throw new IllegalStateException("The mounted carrier is not available: " + ended.unavailable);
    }
    return newBuilder(builders, scheduler);
  }

  private static Thread.Builder.OfVirtual newBuilder(MethodHandle builders, Executor scheduler) {
    try {
      return (Thread.Builder.OfVirtual) builders.invokeExact(scheduler);
    } catch (Throwable failure) {
      throw Sneaky.rethrow(failure);
    }
  }

  private static Probe endedProbe() {
    Probe begun = begunProbe();
    begun.join();
    return begun;
  }

  private static synchronized Probe begunProbe() {
    Probe begun = probe;
    if (begun == null) {
      // Otherwise the JDK's socket pollers would be virtual threads that inherit the scheduler of
      // whoever comes first: ours. As platform threads, created on demand, they can't be captured,
      // and the JVM exits faster.
      if (System.getProperty("jdk.pollerMode") == null) {
        System.setProperty("jdk.pollerMode", "1");
      }
      begun = new Probe();
      begun.thread.start();
      probe = begun;
    }
    return begun;
  }

  /**
   * Starts a virtual thread whose scheduler only stores what it is given, and checks whether
   * running that runs the thread. On a thread of its own: a virtual thread can't carry another, and
   * carrying one clears a platform thread's interrupt flag; neither may happen to the caller.
   */
  private static final class Probe implements Runnable, Executor {
    final Thread thread = new Thread(null, this, "asyncio-probe", 0, false);

    // Written by the thread; read once it has ended.
    /** Makes a {@link Thread.Builder.OfVirtual} from an {@link Executor}. */
    @Nullable
    MethodHandle builders;

    @Nullable
    String unavailable = "the attempt to start a virtual thread on it failed";

    private @Nullable Runnable submitted;
    private boolean mounted;

    Probe() {
      thread.setDaemon(true);
    }

    /** The body of both threads: the one that tries, and the virtual one that it starts. */
    @Override
    public void run() {
      if (Thread.currentThread() == thread) {
        unavailable = attempt();
      } else {
        mounted = Thread.currentThread().isVirtual();
      }
    }

    @Override
    public void execute(Runnable continuation) {
      submitted = continuation;
    }

    private @Nullable String attempt() {
      try {
        Constructor<?> constructor = Class.forName("java.lang.ThreadBuilders$VirtualThreadBuilder")
            .getDeclaredConstructor(Executor.class);
        if (!constructor.trySetAccessible()) {
          return "the package java.lang is not open to this library";
        }
        // Not Constructor.newInstance: it generates classes at run time, which the JDK has ready
        // for this type of call.
        MethodHandle made = MethodHandles.lookup()
            .unreflectConstructor(constructor)
            .asType(MethodType.methodType(Thread.Builder.OfVirtual.class, Executor.class));
        builders = made;
        newBuilder(made, this).start(this);
        Runnable continuation = submitted;
        if (continuation != null) {
          continuation.run();
        }
        return mounted ? null : "this JDK accepts a scheduler for a virtual thread but ignores it";
      } catch (ReflectiveOperationException | RuntimeException e) {
        return "this JDK has no virtual threads with a scheduler of their own (" + e + ")";
      }
    }

    /** Waits for the thread to end. An interrupt of the caller is deferred. */
    void join() {
      boolean interrupted = false;
      while (thread.isAlive()) {
        try {
          thread.join();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
