import static asyncio.Asyncio.*;
import static java.time.Duration.*;

// Three pages at once: it takes as long as the slowest, and the results keep their order.

void main() {
  var pages =
      run(() -> gather(() -> fetch("a", 300), () -> fetch("b", 100), () -> fetch("c", 200)));
  IO.println(pages);
}

String fetch(String page, int millis) {
  IO.println("asking for " + page);
  sleep(ofMillis(millis)); // in place of a network
  IO.println("got " + page);
  return "page " + page;
}

/* Prints:
asking for a
asking for b
asking for c
got b
got c
got a
[page a, page b, page c]
*/
