import static asyncio.Asyncio.*;
import static java.time.Duration.*;

// Press Ctrl-C while it counts: the countdown cleans up, and the exit code is 130.

void main(String[] args) {
  int from = args.length == 0 ? 3 : Integer.parseInt(args[0]);
  run(() -> count(from));
}

void count(int from) {
  try {
    for (int i = from; i > 0; i--) {
      IO.println(i);
      sleep(ofMillis(500));
    }
    IO.println("lift-off");
  } finally {
    IO.println("the engines are off");
  }
}

/* Prints:
3
2
1
lift-off
the engines are off
*/
