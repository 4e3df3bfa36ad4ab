/**
 * Asyncio for Java: single-threaded concurrency with coroutines, an event loop, tasks, futures,
 * queues, locks and streams, modelled on Python's asyncio. Start at {@link asyncio.Asyncio}.
 *
 * <p>A waiting method that "does not suspend" if there is nothing to wait for still lets other
 * tasks run once its step has lasted about 10 ms. Otherwise a task that calls only such methods
 * would hold its loop, and no time limit would take effect.
 */
@org.jspecify.annotations.NullMarked
@SuppressWarnings("module") // the qualified exports name a module that is built after this one
module asyncio {
  requires static org.jspecify;
  // Ctrl-C and SIGTERM; without this module a shutdown hook does what it can.
  requires static jdk.unsupported;
  // Events for Flight Recorder; without this module there are none.
  requires static jdk.jfr;
  // The CPU time of a long step; without this module it is unknown. On the module path it is
  // present if another module requires it, or with --add-modules java.management.
  requires static java.management;

  exports asyncio;
  exports asyncio.net;
  exports asyncio.internal.scheduler to
      asyncio.testing;
  exports asyncio.internal.util to
      asyncio.testing;
}
