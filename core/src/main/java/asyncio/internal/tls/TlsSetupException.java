package asyncio.internal.tls;

import java.io.IOException;

/** This side's own settings can't be used, whoever the peer is. */
final class TlsSetupException extends IOException {
  private static final long serialVersionUID = 1L;

  TlsSetupException(String message, Throwable cause) {
    super(message, cause);
  }
}
