package asyncio;

import java.util.SequencedSet;

/**
 * How things stood when {@link Asyncio#waitUntil} returned. Neither set can be changed; both keep
 * the order of the arguments.
 *
 * @param done the futures that were done, with a result, a failure or cancelled
 * @param pending the others; they go on
 * @param <F> the type of the futures that were waited for
 */
public record Waited<F extends Future<?>>(SequencedSet<F> done, SequencedSet<F> pending) {}
