package asyncio.internal.engine;

/**
 * The properties of a listening socket.
 *
 * @param backlog how many connections the operating system queues until they are accepted
 * @param reuseAddress whether to take a port whose last connections the operating system still
 *     remembers
 */
public record ListenSettings(int backlog, boolean reuseAddress) {}
