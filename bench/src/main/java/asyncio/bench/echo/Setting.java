package asyncio.bench.echo;

import java.util.Locale;

/** How many connections, each with one message of so many bytes on its way. */
record Setting(int connections, int bytes) {
  @Override
  public String toString() {
    return String.format(Locale.ROOT, "%,d connections, %,d bytes", connections, bytes);
  }
}
