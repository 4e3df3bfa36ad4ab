package asyncio.support;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.runningLoop;
import static asyncio.Asyncio.sleep;
import static asyncio.Asyncio.timeout;
import static asyncio.Asyncio.yieldNow;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;

import asyncio.CancelledError;
import asyncio.Task;
import java.util.HashSet;
import java.util.Set;
import java.util.function.Supplier;

/**
 * Plays a scenario again and again: first cancelled before its first turn, then at its first, its
 * second and so on, until it ends before it is cancelled. So each of its waits is cancelled before,
 * in and after the turn in which it is over.
 */
public final class Sweep {
  private static final int ENOUGH_TURNS = 400;

  private Sweep() {}

  /** What is played, once. */
  public interface Scenario {
    /** The task that is cancelled. */
    void victim() throws Exception;

    /** What goes on beside it; comes to its end in any case. */
    default void others() throws Exception {}

    /** Both have ended: fails if something is lost or left. */
    void check() throws Exception;
  }

  /** Plays scenarios on the running loop. Returns how many turns the whole one takes. */
  public static int play(Supplier<? extends Scenario> scenarios) throws Exception {
    int most = 0;
    for (boolean victimFirst : new boolean[] {true, false}) {
      int turn = 0;
      while (play(scenarios.get(), turn, victimFirst)) {
        if (++turn > ENOUGH_TURNS) {
          throw new AssertionError("the scenario does not come to an end by itself");
        }
      }
      most = Math.max(most, turn);
    }
    return most;
  }

  /** Returns whether the victim was cancelled before it ended. */
  private static boolean play(Scenario scenario, int turn, boolean victimFirst) throws Exception {
    Set<Task<?>> before = new HashSet<>(runningLoop().allTasks());
    Task<?> first = createTask(victimFirst ? scenario::victim : scenario::others);
    Task<?> second = createTask(victimFirst ? scenario::others : scenario::victim);
    Task<?> victim = victimFirst ? first : second;
    Task<?> others = victimFirst ? second : first;
    for (int i = 0; i < turn; i++) {
      if (i % 4 == 3) {
        sleep(ofMillis(1));
      } else {
        yieldNow();
      }
    }
    boolean struck = victim.cancel("sweep");
    try {
      timeout(ofSeconds(60), () -> {
        try {
          victim.await();
        } catch (CancelledError cancelled) {
          if (!victim.isCancelled()) {
            throw cancelled;
          }
        }
        others.await();
      });
      scenario.check();
      Set<Task<?>> left = new HashSet<>(runningLoop().allTasks());
      left.removeAll(before);
      if (!left.isEmpty()) {
        throw new AssertionError("tasks are left: " + left);
      }
    } catch (RuntimeException | AssertionError failure) {
      throw new AssertionError(
          "cancelled at turn " + turn + (victimFirst ? "" : ", the others first") + ": " + failure,
          failure);
    }
    return struck;
  }
}
