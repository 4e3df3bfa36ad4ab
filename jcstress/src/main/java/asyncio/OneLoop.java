package asyncio;

/** A loop that runs as long as the process, for all the states of a test. */
final class OneLoop {
  static final EventLoop LOOP = start();

  private OneLoop() {}

  private static EventLoop start() {
    var runner = new Runner();
    Thread.ofPlatform().daemon().start(() -> runner.run(() -> new Event().await()));
    return runner.loop();
  }

  /** What {@code body} returns on the loop, after all that was handed over before. */
  static <T> T ask(Coroutine<T, ?> body) {
    try {
      return Asyncio.runCoroutineThreadsafe(body, LOOP).get();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  /** Waits until {@code future} is done; returns whether it was not cancelled. */
  static boolean done(Future<?> future) {
    try {
      future.get();
      return true;
    } catch (java.util.concurrent.CancellationException cancelled) {
      return false;
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }
}
