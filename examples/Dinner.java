import static asyncio.Asyncio.*;
import static java.time.Duration.*;

import asyncio.*;

// The tasks of a group begin and end together: when one fails, the others are cancelled, and no
// failure is lost.

void main() {
  run(() -> dinner("cake"));
  run(() -> dinner("nothing"));
}

void dinner(String dessert) {
  var group = new TaskGroup();
  try {
    group.run(() -> {
      var soup = group.createTask(() -> cook("soup", 100));
      var sweet = group.createTask(() -> cook(dessert, 200));
      IO.println("we eat " + soup.await() + ", then " + sweet.await());
    });
  } catch (ExceptionGroup failures) {
    failures.exceptions().forEach(failure -> IO.println("no dinner: " + failure.getMessage()));
  }
}

String cook(String dish, int millis) {
  if (dish.equals("nothing")) {
    throw new IllegalArgumentException("nobody can cook nothing");
  }
  try {
    sleep(ofMillis(millis));
    return dish;
  } finally {
    IO.println("the stove for " + dish + " is off");
  }
}

/* Prints:
the stove for soup is off
the stove for cake is off
we eat soup, then cake
the stove for soup is off
no dinner: nobody can cook nothing
*/
