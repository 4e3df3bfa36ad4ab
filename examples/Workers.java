import static asyncio.Asyncio.*;
import static java.time.Duration.*;

import asyncio.*;

// Three workers take jobs from one queue until it is shut down. The queue is bounded: a
// producer that is faster than the workers waits for them.

int done;
int working;
int busiest;

void main() {
  run(() -> {
    var jobs = new Queue<Integer>(5);
    var workers = new TaskGroup();
    workers.run(() -> {
      for (int i = 1; i <= 3; i++) {
        workers.createTask(() -> work(jobs));
      }
      for (int job = 1; job <= 20; job++) {
        jobs.put(job);
      }
      jobs.join(); // until all are done
      jobs.shutdown();
    });
    IO.println(done + " jobs done, " + busiest + " at once");
  });
}

void work(Queue<Integer> jobs) {
  for (int job : jobs) { // waits for the next one; ends when the queue is shut down
    busiest = Math.max(busiest, ++working); // no lock: nothing else runs between two waits
    sleep(ofMillis(10 + job));
    working--;
    done++;
    jobs.taskDone();
  }
}

/* Prints:
20 jobs done, 3 at once
*/
