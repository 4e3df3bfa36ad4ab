package asyncio.internal.engine;

import java.net.SocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * The properties of a connected socket. Those of TCP mean nothing to a Unix socket.
 *
 * @param noDelay whether small pieces are sent immediately
 * @param keepAlive whether the operating system asks a silent peer whether it is still there
 * @param local the address that a client binds to; null for any
 */
public record SocketSettings(
    boolean noDelay, boolean keepAlive, @Nullable SocketAddress local) {}
