package asyncio.internal.engine;

/**
 * The properties of a connected socket.
 *
 * @param noDelay whether small pieces are sent immediately; nothing to a Unix socket
 */
public record SocketSettings(boolean noDelay) {}
