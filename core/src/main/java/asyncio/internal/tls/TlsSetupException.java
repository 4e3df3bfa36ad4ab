package asyncio.internal.tls;

import javax.net.ssl.SSLException;

/** This side's own settings can't be used, whoever the peer is. */
public final class TlsSetupException extends SSLException {
  private static final long serialVersionUID = 1L;

  TlsSetupException(String message, Throwable cause) {
    super(message, cause);
  }
}
