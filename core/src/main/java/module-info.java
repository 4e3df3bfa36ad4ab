/**
 * Asyncio for Java: single-threaded concurrency with coroutines, an event loop, tasks, futures,
 * queues, locks and streams, in the model of Python's asyncio. Start at {@link asyncio.Asyncio}.
 *
 * <p>A waiting method that "does not suspend" where there is nothing to wait for lets others run
 * all the same when its step has lasted for some 10 ms: otherwise a task that calls only such ones
 * would hold its loop, and no time limit would strike.
 */
@org.jspecify.annotations.NullMarked
module asyncio {
  requires static org.jspecify;
  // Ctrl-C and SIGTERM; without the module a shutdown hook does what it can.
  requires static jdk.unsupported;
  // Who is at the other end of a Unix socket; without the module nobody knows.
  requires static jdk.net;
  // Events for the flight recorder; without the module there are none.
  requires static jdk.jfr;
  // The processor time of a step that lasts; without the module it is not known. On the module path
  // it is there if another module requires it, or with --add-modules java.management.
  requires static java.management;

  exports asyncio;
  exports asyncio.flow;
}
