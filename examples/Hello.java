import static asyncio.Asyncio.*;
import static java.time.Duration.*;

void main() {
  run(() -> {
    var slow = createTask(() -> {
      sleep(ofSeconds(1));
      return "world";
    });
    IO.println("hello");
    IO.println(slow.await());
  });
}

/* Prints:
hello
world
*/
