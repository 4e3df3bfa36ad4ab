package asyncio.internal.engine;

import asyncio.internal.loop.Loop;
import java.io.IOException;
import java.nio.channels.Selector;

/** An engine on a selector of the JDK. */
public final class NioEngine implements Engine {
  private final Selector selector;

  private NioEngine(Selector selector) {
    this.selector = selector;
  }

  /** An open engine. */
  public static NioEngine open(Loop loop) throws IOException {
    return new NioEngine(Selector.open());
  }

  @Override
  public void poll(long nanos) throws IOException {
    selector.selectNow();
  }

  @Override
  public void wakeup() {
    selector.wakeup();
  }

  @Override
  public int openHandles() {
    return selector.keys().size();
  }

  @Override
  public void close() {}
}
