import static asyncio.Asyncio.*;
import static java.time.Duration.*;

import asyncio.*;

// A time limit round any piece of code. What it cuts short cleans up first.

void main() {
  run(() -> {
    IO.println(timeout(ofSeconds(10), () -> answer("quick", 50)));

    try {
      timeout(ofMillis(100), () -> answer("slow", 60_000));
    } catch (TimeoutException late) {
      IO.println("too late: " + late.getMessage());
    }

    var limit = new Timeout(ofMillis(100));
    limit.run(() -> {
      limit.reschedule(ofSeconds(10)); // it goes well, so there is more time
      IO.println(answer("patient", 200));
    });
  });
}

String answer(String name, int millis) {
  try {
    sleep(ofMillis(millis));
    return "the " + name + " answer";
  } finally {
    IO.println(name + " hangs up");
  }
}

/* Prints:
quick hangs up
the quick answer
slow hangs up
too late: The time limit of PT0.1S ran out.
patient hangs up
the patient answer
*/
