import static asyncio.Asyncio.*;
import static java.time.Duration.*;

import asyncio.*;

// A pipeline: three fetchers take addresses from one queue and put pages into the next, where a
// writer stores them. A fetch that fails is tried again, each time after a longer pause.
//
// The queues are bounded, so a slow stage slows down the ones before it. Each stage shuts the next
// queue down after its last item, so the stages end one after the other.

static final int ATTEMPTS = 3;

void main() {
  run(() -> {
    var urls = new Queue<String>(10);
    var pages = new Queue<String>(10);
    var pipeline = new TaskGroup();
    pipeline.run(() -> {
      pipeline.createTask(() -> storeAll(pages));
      var fetchers = new TaskGroup();
      fetchers.run(() -> {
        for (int i = 0; i < 3; i++) {
          fetchers.createTask(() -> fetchAll(urls, pages));
        }
        for (String url : List.of("solid", "flaky", "broken", "late")) {
          urls.put(url);
        }
        urls.shutdown();
      });
      pages.shutdown(); // all fetchers have ended
    });
  });
}

void fetchAll(Queue<String> urls, Queue<String> pages) {
  for (String url : urls) {
    try {
      pages.put(retry(() -> fetch(url)));
    } catch (IOException | TimeoutException failure) {
      IO.println("giving up: " + failure.getMessage());
    }
  }
}

/** A cancel is no IOException: it is never tried again. */
<T> T retry(Coroutine<T, IOException> body) throws IOException {
  var pause = ofMillis(20);
  for (int attempt = 1; ; attempt++) {
    try {
      return timeout(ofSeconds(5), body);
    } catch (IOException | TimeoutException failure) {
      if (attempt == ATTEMPTS) {
        throw failure;
      }
      IO.println("trying again: " + failure.getMessage());
    }
    sleep(pause); // a real client makes it a bit longer at random
    pause = pause.multipliedBy(2);
  }
}

void storeAll(Queue<String> pages) {
  var stored = new ArrayList<String>();
  for (String page : pages) {
    stored.add(page); // in place of a database
  }
  IO.println("stored " + String.join(", ", stored));
}

// ---- in place of a network ----

final Map<String, Integer> failures = new HashMap<>(Map.of("flaky", 2, "broken", 99));

String fetch(String url) throws IOException {
  sleep(ofMillis(10));
  if (failures.merge(url, -1, Integer::sum) >= 0) {
    throw new IOException(url + " does not answer");
  }
  return "page " + url;
}

/* Prints:
trying again: flaky does not answer
trying again: broken does not answer
trying again: flaky does not answer
trying again: broken does not answer
giving up: broken does not answer
stored page solid, page late, page flaky
*/
