import static asyncio.Asyncio.*;
import static java.time.Duration.*;

// Code that knows nothing of asyncio and blocks: the clock ticks on meanwhile, on both carriers.

void main() throws InterruptedException {
  run(() -> {
    var clock = createTask(() -> tick());
    IO.println(blocking(() -> oldDatabase(400))); // waits for somebody: a query, a queue
    IO.println(toThread(() -> sumTo(100_000_000))); // keeps a thread busy: files, computations
    clock.await();
  });
}

void tick() {
  for (int i = 1; i <= 3; i++) {
    IO.println("tick " + i);
    sleep(ofMillis(100));
  }
}

String oldDatabase(int millis) throws InterruptedException {
  Thread.sleep(millis);
  return "a row";
}

long sumTo(long last) {
  return LongStream.rangeClosed(1, last).sum();
}

/* Prints:
tick 1
tick 2
tick 3
a row
5000000050000000
*/
