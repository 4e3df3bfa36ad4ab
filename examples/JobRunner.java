import static asyncio.Asyncio.*;
import static java.time.Duration.*;

import asyncio.*;

// Runs jobs, three at a time and at most twenty started in a second. On Ctrl-C it takes no more
// jobs, and lets those it has taken finish. A second Ctrl-C does not wait.
//
//   JobRunner [jobs=8]

final RateLimit rate = new RateLimit(ofMillis(50));
int done;
int failed;

void main(String[] args) {
  int count = args.length == 0 ? 8 : Integer.parseInt(args[0]);
  run(() -> workOn(count));
}

void workOn(int count) {
  var jobs = new Queue<Integer>(10);
  var workers = new ArrayList<Task<?>>();
  for (int i = 1; i <= 3; i++) {
    workers.add(createTask("worker " + i, () -> work(jobs)));
  }
  try {
    for (int job = 1; job <= count; job++) {
      jobs.put(job);
    }
    jobs.join();
  } finally { // even if Ctrl-C has cancelled this task: a cancel strikes once, so it may wait here
    jobs.shutdownNow();
    var ends = waitUntil(ALL_COMPLETED, workers, ofSeconds(5));
    ends.pending().forEach(Task::cancel);
    IO.println(done + " jobs done, " + failed + " failed");
  }
}

void work(Queue<Integer> jobs) {
  for (int job : jobs) {
    try {
      rate.await();
      perform(job);
      done++;
    } catch (IOException failure) { // one bad job does not stop the others
      IO.println("job " + job + " failed: " + failure.getMessage());
      failed++;
    }
    jobs.taskDone();
  }
}

void perform(int job) throws IOException {
  IO.println("job " + job);
  if (job == 3) {
    throw new IOException("out of paper");
  }
  sleep(ofMillis(60)); // in place of work
}

/** Lets one through in each {@code gap}, in the order of asking. */
static final class RateLimit {
  private final Duration gap;
  private Duration next = ZERO; // on the clock of the loop

  RateLimit(Duration gap) {
    this.gap = gap;
  }

  void await() {
    var now = runningLoop().time();
    var mine = next.compareTo(now) > 0 ? next : now;
    next = mine.plus(gap); // no wait since `next` was read, so no lock
    sleep(mine.minus(now));
  }
}

/* Prints:
job 1
job 2
job 3
job 3 failed: out of paper
job 4
job 5
job 6
job 7
job 8
7 jobs done, 1 failed
*/
