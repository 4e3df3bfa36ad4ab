package asyncio;

import java.util.SequencedSet;

/**
 * The state of the futures when {@link Asyncio#waitUntil} returned. Both sets are unmodifiable and
 * keep the order of the arguments.
 *
 * @param done the futures that were done: with a result, with a failure, or cancelled
 * @param pending the others; they are not cancelled
 * @param <F> the type of the futures that were waited for
 */
public record Waited<F extends Future<?>>(SequencedSet<F> done, SequencedSet<F> pending) {}
