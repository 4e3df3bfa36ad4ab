/**
 * Coroutines, tasks and futures on an event loop; queues, locks and time limits; connections and
 * servers. Start at {@link asyncio.Asyncio}, whose functions programs import statically.
 *
 * <pre>{@code
 * void main() {
 *   run(() -> {
 *     List<String> pages = gather(() -> fetch("a"), () -> fetch("b"));
 *     IO.println(pages);
 *   });
 * }
 * }</pre>
 *
 * <p>A client that sends a line and reads the answer, and a server that echoes lines:
 *
 * <pre>{@code
 * try (var connection = openConnection("127.0.0.1", 8888)) {
 *   connection.writer().write("hello\n");
 *   connection.writer().drain();
 *   String answer = connection.reader().readLine();
 * }
 *
 * try (var server = startServer(client -> {
 *   for (String line : client.reader().lines()) {
 *     client.writer().write(line + "\n");
 *     client.writer().drain();
 *   }
 * }, "127.0.0.1", 8888)) {
 *   server.serveForever();
 * }
 * }</pre>
 *
 * <p>A coroutine is a virtual thread that an {@link asyncio.EventLoop} runs. A loop runs one at a
 * time, first in first out, so between two waits of a coroutine no other one runs. A waiting method
 * suspends its coroutine alone; it says when it waits, what happens if it is cancelled, and on
 * which thread it may be called.
 */
package asyncio;
