package asyncio.internal.engine;

import java.io.IOException;

/** A file that was to be sent could not be read; whatever it was to be sent to is as it was. */
public final class FileReadException extends IOException {
  private static final long serialVersionUID = 1L;

  FileReadException(String message, Throwable cause) {
    super(message, cause);
  }
}
