package asyncio.internal.exit;

import java.util.function.Consumer;
import sun.misc.Signal;
import sun.misc.SignalHandler;

/**
 * All that names sun.misc: javac warns of each mention, nothing silences it, and our build takes
 * warnings for errors. So this one class is compiled apart, before the others. Loaded only where
 * the module jdk.unsupported is there.
 */
final class SignalBridge implements SignalHandler, Runnable {
  private final Signal signal;
  private final Consumer<String> arrived;
  private final SignalHandler before;

  private SignalBridge(String name, Consumer<String> arrived) {
    this.signal = new Signal(name);
    this.arrived = arrived;
    this.before = Signal.handle(signal, this);
  }

  @Override
  public void handle(Signal caught) {
    arrived.accept(caught.getName());
  }

  /** Sets the former handler back. */
  @Override
  public void run() {
    Signal.handle(signal, before);
  }

  /**
   * Calls {@code arrived} with the name of each signal, unless somebody handles it already.
   *
   * @return what sets the former handler back
   * @throws IllegalArgumentException if the JVM does not give the signal away
   */
  static Runnable handle(String name, Consumer<String> arrived) {
    var bridge = new SignalBridge(name, arrived);
    if (isForeign(bridge.before.getClass())) {
      bridge.run();
      return () -> {};
    }
    return bridge;
  }

  /** Whether somebody installed a handler of his own: neither the default nor the JVM's. */
  private static boolean isForeign(Class<?> handler) {
    String name = handler.getName();
    return !name.startsWith("java.lang.Terminator")
        && !name.startsWith("sun.misc.")
        && !name.startsWith("jdk.internal.misc.");
  }
}
