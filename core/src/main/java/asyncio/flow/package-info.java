/**
 * Between coroutines and {@link java.util.concurrent.Flow}: a publisher whose items a coroutine
 * takes in a {@code for} loop, and a coroutine that emits the items of a publisher. Start at {@link
 * asyncio.flow.Flows}.
 */
package asyncio.flow;
