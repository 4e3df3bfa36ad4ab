package asyncio;

import java.util.function.Predicate;
import sun.misc.Signal;
import sun.misc.SignalHandler;

/**
 * All that names sun.misc: javac warns of each mention, nothing silences it, and our build takes
 * warnings for errors. So this one class is compiled apart, before the others. Loaded only where
 * the module jdk.unsupported is there.
 */
final class SignalBridge implements SignalHandler {
  private final Runnable arrived;

  private SignalBridge(Runnable arrived) {
    this.arrived = arrived;
  }

  @Override
  public void handle(Signal signal) {
    arrived.run();
  }

  /**
   * Calls {@code arrived} for each signal, unless somebody handles it already.
   *
   * @param isForeign whether a handler of this class is somebody's own
   * @return what sets the former handler back
   * @throws IllegalArgumentException if the JVM does not give the signal away
   */
  static Runnable handle(String name, Runnable arrived, Predicate<Class<?>> isForeign) {
    var signal = new Signal(name);
    SignalHandler before = Signal.handle(signal, new SignalBridge(arrived));
    if (isForeign.test(before.getClass())) {
      Signal.handle(signal, before);
      return () -> {};
    }
    return () -> Signal.handle(signal, before);
  }
}
