package asyncio.internal.engine;

import java.net.BindException;

/** Thrown if an address is of a family, usually IPv6, that this machine or JVM does not have. */
public final class NoSuchFamilyException extends BindException {
  private static final long serialVersionUID = 1L;

  /** Creates the exception, with the JDK's exception as its cause. */
  public NoSuchFamilyException(String message, Throwable cause) {
    super(message);
    initCause(cause);
  }
}
