package asyncio.internal.engine;

import java.net.BindException;

/** An address is of a family, IPv6 as a rule, that this machine or JVM does not have. */
public final class NoSuchFamilyException extends BindException {
  private static final long serialVersionUID = 1L;

  /** With what the JDK said. */
  public NoSuchFamilyException(String message, Throwable cause) {
    super(message);
    initCause(cause);
  }
}
