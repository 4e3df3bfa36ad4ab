package asyncio;

import java.io.IOException;
import java.net.InetAddress;

/**
 * Finds the addresses of a host name. A lambda that returns a list is one: {@code host ->
 * List.of(address)}. See {@link Resolvers} for those that come with the library, and {@link
 * EventLoop#setResolver} and {@link ConnectOptions#withResolver} for where to use one.
 */
@FunctionalInterface
public interface Resolver {
  /**
   * Returns the addresses of {@code host}, best first. It is never called for a literal address or
   * for {@code localhost}.
   *
   * <p><i>Waits</i>, if it needs to: it is called in a coroutine. So are the iterator's methods, and
   * a resolver whose addresses come one after the other may wait in them: the first ones are tried
   * meanwhile.
   *
   * <p><i>If cancelled</i>: {@link CancelledError}; the connection that asked is given up.
   *
   * <p><i>Thread</i>: a coroutine of whichever loop asks; several may ask at once.
   *
   * @throws java.net.UnknownHostException if there are none
   * @throws IOException if the name can't be looked up
   */
  Iterable<InetAddress> resolve(String host) throws IOException;
}
