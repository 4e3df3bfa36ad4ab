package asyncio.bench;

import asyncio.Runner;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** An event loop for the whole trial. JMH's own thread is no coroutine: it waits in {@code run}. */
@State(Scope.Thread)
public class OnLoop {
  Runner runner;

  @Setup(Level.Trial)
  public void open() {
    runner = new Runner();
  }

  @TearDown(Level.Trial)
  public void close() {
    runner.close();
  }
}
