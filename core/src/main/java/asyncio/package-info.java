/**
 * Coroutines, tasks and futures on an event loop; queues, locks and time limits. Start at {@link
 * asyncio.Asyncio}, whose functions programs import statically.
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
 * <p>A coroutine is a virtual thread that an {@link asyncio.EventLoop} runs. A loop runs one at a
 * time, first in first out, so between two waits of a coroutine no other one runs. A waiting method
 * suspends its coroutine alone; it says when it waits, what happens if it is cancelled, and on
 * which thread it may be called.
 */
package asyncio;
