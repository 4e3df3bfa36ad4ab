package asyncio;

import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Ctrl-C and SIGTERM while a run is on the main thread: the first cancels the main task, a second
 * one halts the JVM. Left alone where somebody else handles the signal, on other threads, and where
 * the module jdk.unsupported is missing.
 */
final class Signals {
  private static final boolean POSSIBLE = isPossible();

  private final Task<?> main;
  private final List<Runnable> restores = new ArrayList<>();
  private volatile @Nullable KeyboardInterrupt received;

  private Signals(Task<?> main) {
    this.main = main;
  }

  private static boolean isPossible() {
    try {
      Class.forName("sun.misc.Signal");
      return true;
    } catch (ClassNotFoundException | LinkageError e) {
      return false;
    }
  }

  /**
   * Handles the signals for {@code main} if the current thread is the main thread; null when they
   * are left alone.
   */
  static @Nullable Signals install(Task<?> main) {
    Thread self = Thread.currentThread();
    if (!POSSIBLE
        || self.isVirtual()
        || !self.getName().equals("main")
        || self.getThreadGroup() == null) {
      return null;
    }
    var signals = new Signals(main);
    Sun.handle(signals, "INT", 130);
    Sun.handle(signals, "TERM", 143);
    return signals;
  }

  /** The first signal that came, as what run throws; null when none did. */
  @Nullable KeyboardInterrupt received() {
    return received;
  }

  void restore() {
    restores.forEach(Runnable::run);
    restores.clear();
  }

  private void arrived(String signal, int exitCode) {
    if (received != null || main.isDone()) {
      Runtime.getRuntime().halt(exitCode);
    }
    received = new KeyboardInterrupt(signal, exitCode);
    main.cancel("SIG" + signal);
  }

  /**
   * Makes the process end with the code of a KeyboardInterrupt that leaves the main thread
   * uncaught.
   */
  static void exitWithCodeIfUncaught() {
    Thread self = Thread.currentThread();
    Thread.UncaughtExceptionHandler before = self.getUncaughtExceptionHandler();
    if (before instanceof ThreadGroup) {
      self.setUncaughtExceptionHandler(
          (thread, failure) -> {
            if (failure instanceof KeyboardInterrupt interrupt) {
              System.exit(interrupt.exitCode());
            }
            before.uncaughtException(thread, failure);
          });
    }
  }

  /**
   * sun.misc.Signal by reflection: javac warns of each mention of it, and no option switches that
   * off.
   */
  private static final class Sun {
    private Sun() {}

    static void handle(Signals signals, String name, int exitCode) {
      try {
        Class<?> type = Class.forName("sun.misc.Signal");
        Class<?> handlerType = Class.forName("sun.misc.SignalHandler");
        Method handle = type.getMethod("handle", type, handlerType);
        Object signal = type.getConstructor(String.class).newInstance(name);
        Object handler =
            Proxy.newProxyInstance(
                handlerType.getClassLoader(),
                new Class<?>[] {handlerType},
                (proxy, method, arguments) ->
                    answer(proxy, method, arguments, () -> signals.arrived(name, exitCode)));
        Object before = handle.invoke(null, signal, handler);
        if (isForeign(before)) {
          handle.invoke(null, signal, before);
        } else {
          signals.restores.add(() -> invoke(handle, signal, before));
        }
      } catch (ReflectiveOperationException | RuntimeException notOurs) {
        // Started with -Xrs, or without the module: the signal is not ours to handle.
      }
    }

    private static @Nullable Object answer(
        Object proxy, Method method, Object @Nullable [] arguments, Runnable arrived) {
      return switch (method.getName()) {
        case "handle" -> {
          arrived.run();
          yield null;
        }
        case "equals" -> arguments != null && proxy == arguments[0];
        case "hashCode" -> System.identityHashCode(proxy);
        default -> "asyncio signal handler";
      };
    }

    private static void invoke(Method handle, Object signal, @Nullable Object handler) {
      try {
        handle.invoke(null, signal, handler);
      } catch (ReflectiveOperationException e) {
        throw new IllegalStateException("The signal handler could be set but not set back", e);
      }
    }

    /**
     * Whether somebody installed a handler of his own: neither the default nor the JVM's shutdown
     * handler.
     */
    private static boolean isForeign(@Nullable Object handler) {
      if (handler == null) {
        return false;
      }
      String type = handler.getClass().getName();
      return !type.startsWith("java.lang.Terminator")
          && !type.startsWith("sun.misc.")
          && !type.startsWith("jdk.internal.misc.");
    }
  }
}
