package asyncio.cancel;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.currentTask;
import static asyncio.Asyncio.yieldNow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import asyncio.CancelledError;
import asyncio.Future;
import asyncio.Task;
import asyncio.TaskGroup;
import asyncio.Timeout;
import asyncio.TimeoutException;
import asyncio.testing.AsyncTest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * One task in random scopes, with random clean-ups, under random cancels, time limits and values,
 * against a plain reference: a list of requests, of which each knows whether it has struck.
 */
class CancelRequestsModelTest {
  private static final int SEEDS = 500;

  /** Below this many scopes in each other. */
  private static final int DEPTH = 4;

  @AsyncTest
  void eachRequestStrikesOnceAndIsTakenBackByItsOwnScopeOnly() {
    for (int seed = 0; seed < SEEDS; seed++) {
      new Trial(seed).run();
    }
  }

  /** A request, by a scope of the task or from outside. */
  private static final class Request {
    final @Nullable Object scope;
    boolean delivered;

    Request(@Nullable Object scope) {
      this.scope = scope;
    }
  }

  private static final class Trial {
    final long seed;
    final Random random;
    final StringBuilder log = new StringBuilder();

    // The reference.
    final List<Request> requests = new ArrayList<>();

    /** What the task waits for; null while it does not, and once that wait has ended. */
    @Nullable
    Future<Integer> open;

    /** Scopes that can be made to cancel the task now, outermost first. */
    final List<Runnable> scopes = new ArrayList<>();

    /** Counts the looks of who disturbs the task: while it is suspended, there are some. */
    int looks;

    Task<?> task;

    Trial(long seed) {
      this.seed = seed;
      this.random = new Random(seed);
      this.task = createTask("victim", this::body);
    }

    void run() {
      try {
        while (!task.isDone()) {
          yieldNow();
          looks++;
          for (int i = random.nextInt(4); i >= 0 && !task.isDone(); i--) {
            disturb();
          }
          if (open != null) {
            complete();
          }
        }
        if (!task.isCancelled() && task.exception() != null) {
          throw new AssertionError(task.exception());
        }
      } catch (AssertionError wrong) {
        throw new AssertionError("seed " + seed + ":" + log, wrong);
      }
    }

    private void disturb() {
      switch (random.nextInt(5)) {
        case 0 -> {
          log.append(" cancel");
          assertTrue(task.cancel("from outside"));
          came(new Request(null));
        }
        case 1, 2 -> {
          if (!scopes.isEmpty()) {
            scopes.get(random.nextInt(scopes.size())).run();
          }
        }
        default -> {
          if (open != null) {
            complete();
          }
        }
      }
    }

    private void complete() {
      log.append(" value");
      open.setResult(1);
      open = null;
    }

    private void came(Request request) {
      requests.add(request);
      if (open != null) { // ends the wait
        open = null;
        request.delivered = true;
      }
    }

    // ---- the task ----

    private void body() {
      level(0);
      assertEquals(requests.size(), currentTask().cancelling());
      do {
        waitOnce(); // where a request pends, it strikes here
      } while (requests.stream().anyMatch(one -> !one.delivered));
    }

    private void level(int depth) {
      for (int i = random.nextInt(3); i >= 0; i--) {
        if (depth < DEPTH && random.nextInt(3) > 0) {
          if (random.nextBoolean()) {
            timeLimit(depth);
          } else {
            group(depth);
          }
        } else {
          waitOnce();
        }
      }
    }

    /** Returns whether a cancel struck. */
    private boolean waitOnce() {
      boolean pends = requests.stream().anyMatch(one -> !one.delivered);
      int before = looks;
      var value = new Future<Integer>();
      if (!pends) {
        open = value;
      }
      log.append(" wait(");
      try {
        value.await();
        log.append(')');
        assertFalse(pends, "a request that pended did not strike");
        assertTrue(open == null, "the wait ended by itself");
        return false;
      } catch (CancelledError cancelled) {
        log.append("!)");
        assertTrue(!pends || looks == before, "a request that pended did not strike at once");
        assertTrue(
            pends || (open == null && requests.stream().anyMatch(one -> one.delivered)),
            "nobody had asked for a cancel");
        requests.forEach(one -> one.delivered = true);
        return true;
      }
    }

    /** The body of a scope: waits, cleans up, swallows the cancel or passes it on. */
    private void inScope(int depth) {
      level(depth + 1);
      if (waitOnce()) {
        if (random.nextBoolean()) {
          waitOnce(); // a clean-up that waits
        }
        if (random.nextBoolean()) {
          throw new CancelledError("passed on");
        }
      }
    }

    private void timeLimit(int depth) {
      int entered = requests.size();
      var limit = Timeout.at(Duration.ofDays(1));
      boolean[] expired = {false};
      Runnable expire = () -> {
        if (expired[0]) {
          return;
        }
        limit.rescheduleAt(Duration.ZERO);
        yieldNow(); // a task that was ready goes on first, and may leave the scope
        if (limit.expired()) {
          expired[0] = true;
          log.append(" expire").append(depth);
          came(new Request(limit));
        }
      };
      boolean passedOn = false;
      log.append(" limit").append(depth).append('{');
      try {
        limit.run(() -> {
          scopes.add(expire);
          try {
            inScope(depth);
          } finally {
            scopes.remove(expire);
          }
        });
      } catch (TimeoutException ours) {
        passedOn = true;
        requests.removeIf(one -> one.scope == limit);
        assertTrue(expired[0], "a limit that had not run out");
        assertTrue(requests.size() <= entered, "a cancel from outside was hidden");
      } catch (CancelledError outside) {
        passedOn = true;
        requests.removeIf(one -> one.scope == limit);
        assertTrue(
            !expired[0] || requests.size() > entered, "the limit's own cancel came out of it");
      }
      log.append('}');
      requests.removeIf(one -> one.scope == limit);
      assertEquals(requests.size(), currentTask().cancelling());
      if (!passedOn && limit.expired() != expired[0]) {
        fail("expired() says " + limit.expired());
      }
    }

    private void group(int depth) {
      var group = new TaskGroup();
      boolean[] cancelled = {false};
      Runnable cancel = () -> {
        if (cancelled[0]) {
          return;
        }
        cancelled[0] = true;
        log.append(" end").append(depth);
        group.cancel();
        came(new Request(group));
      };
      log.append(" group").append(depth).append('{');
      int entered = requests.size();
      try {
        group.run(() -> {
          scopes.add(cancel);
          try {
            inScope(depth);
          } finally {
            scopes.remove(cancel);
          }
        });
      } catch (CancelledError outside) {
        requests.removeIf(one -> one.scope == group);
        assertTrue(
            !cancelled[0] || requests.size() > entered, "the group's own cancel came out of it");
      }
      log.append('}');
      requests.removeIf(one -> one.scope == group);
      assertEquals(requests.size(), currentTask().cancelling());
    }
  }
}
