package asyncio.sync;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.yieldNow;

import asyncio.Action;
import asyncio.CancelledError;
import asyncio.Task;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.LongFunction;

/**
 * A primitive in the hands of several tasks that do random things with it, and a sequential model
 * of it that is told of each call, each end of a call and each cancel, in the order in which they
 * happen, and objects to what must not happen.
 *
 * <p>Everything follows from the seed: {@code -Dasyncio.seed=N} replays one run; {@code
 * -Dasyncio.seeds=N} does so many.
 */
abstract class Model {
  private static final int OPERATIONS = 12;
  private static final int ENOUGH_TURNS = 1000;

  final Random random;
  final List<Actor> actors = new ArrayList<>();
  private final List<String> history = new ArrayList<>();

  Model(long seed) {
    random = new Random(seed);
  }

  /** Runs the models of many seeds, each on a new primitive, on the running loop. */
  static void run(int seeds, LongFunction<Model> models) {
    Long one = Long.getLong("asyncio.seed");
    long first = one != null ? one : 1;
    long last = one != null ? one : Long.getLong("asyncio.seeds", seeds);
    for (long seed = first; seed <= last; seed++) {
      Model model = models.apply(seed);
      try {
        model.play();
      } catch (CancelledError | RuntimeException | AssertionError failure) {
        throw new AssertionError(
            "Seed "
                + seed
                + " (replay with -Dasyncio.seed="
                + seed
                + "): "
                + failure
                + "\n  "
                + String.join("\n  ", model.history),
            failure);
      }
    }
  }

  /** One random operation. A cancel comes out of it as it is. */
  abstract void operate(Actor actor);

  /** Something that lets at least one of those who wait go on; nothing else is going on. */
  abstract void rescue();

  /** Nothing is ready: those who wait must be those who have to. */
  abstract void checkQuiet();

  /** All have ended. */
  abstract void checkEnd();

  /** The actor is about to be cancelled; it waits in the primitive or is on its way out of it. */
  void cancelled(Actor actor) {
    actor.doomed = true;
  }

  /** One task, and what the model knows of it. */
  static final class Actor {
    final String name;
    Task<?> task;
    boolean started;

    /** In a call of the primitive that may wait. */
    boolean inside;

    /** Cancelled in such a call, which must end with it. */
    boolean doomed;

    /** Cancelled, and the cancel has not come out anywhere yet. */
    boolean cancelPending;

    /** How many calls of the primitive it has made. */
    int calls;

    Actor(String name) {
      this.name = name;
    }

    @Override
    public String toString() {
      return name;
    }
  }

  final void note(String what) {
    history.add(what);
  }

  final int events() {
    return history.size();
  }

  final void require(boolean holds, String rule) {
    if (!holds) {
      throw new AssertionError(rule);
    }
  }

  /**
   * Does one call that may wait, and tells how it ended.
   *
   * @param atOnce whether it must not suspend
   */
  final void call(Actor actor, String what, boolean atOnce, Action<RuntimeException> call) {
    actor.inside = true;
    actor.calls++;
    note(actor + " " + what);
    int before = events();
    try {
      call.run();
      require(!actor.doomed, actor + " returned although it had been cancelled before");
      note(actor + " " + what + ": done");
    } catch (CancelledError cancel) {
      require(actor.cancelPending, actor + " was cancelled by nobody");
      note(actor + " " + what + ": cancelled");
      throw cancel;
    } finally {
      require(!atOnce || events() == before + 1, actor + " was suspended without need");
      actor.inside = false;
      actor.doomed = false;
    }
  }

  private void act(Actor actor) {
    actor.started = true;
    for (int i = 0; i < OPERATIONS; i++) {
      try {
        for (int yields = random.nextInt(3); yields > 0; yields--) {
          yieldNow();
        }
        operate(actor);
        if (random.nextInt(3) == 0) {
          // In the turn in which it may have woken somebody.
          maybeCancel(actor);
        }
      } catch (CancelledError cancel) {
        require(actor.cancelPending, actor + " was cancelled by nobody");
        actor.cancelPending = false;
        while (actor.task.cancelling() > 0) {
          actor.task.uncancel();
        }
      }
    }
  }

  private void play() {
    int count = 2 + random.nextInt(4);
    for (int i = 0; i < count; i++) {
      var actor = new Actor("abcdef".substring(i, i + 1));
      actors.add(actor);
      actor.task = createTask(actor.name, () -> act(actor));
    }
    try {
      for (int turn = 0; !allDone(); turn++) {
        require(turn < ENOUGH_TURNS, "it does not come to an end");
        reportFailures();
        if (random.nextInt(4) == 0) {
          maybeCancel(null);
        }
        if (random.nextInt(8) == 0) {
          settle();
          checkQuiet();
          if (!allDone() && allInside()) {
            rescue();
          }
        }
        yieldNow();
      }
      reportFailures();
      checkEnd();
    } finally {
      actors.forEach(actor -> actor.task.cancel());
    }
  }

  private void reportFailures() {
    for (Actor actor : actors) {
      if (actor.task.isDone()) {
        actor.task.await();
      }
    }
  }

  private void maybeCancel(Actor canceller) {
    Actor actor = actors.get(random.nextInt(actors.size()));
    if (actor == canceller || !actor.started || actor.task.isDone()) {
      return; // a task that is cancelled before it begins does nothing at all
    }
    note("cancel " + actor);
    actor.cancelPending = true;
    if (actor.inside) {
      cancelled(actor);
    }
    actor.task.cancel();
  }

  /** Until a whole turn brings nothing new. */
  private void settle() {
    int quiet = 0;
    for (int turn = 0; quiet < 4; turn++) {
      require(turn < ENOUGH_TURNS, "it does not come to rest");
      reportFailures();
      int before = events();
      yieldNow();
      quiet = events() == before ? quiet + 1 : 0;
      // Who only yields makes no events, and will come to an operation.
      if (!allDone() && !allInside()) {
        quiet = 0;
      }
    }
    note("quiet");
  }

  final List<Actor> waiting() {
    return actors.stream().filter(actor -> actor.inside).toList();
  }

  private boolean allInside() {
    return actors.stream().allMatch(actor -> actor.task.isDone() || actor.inside);
  }

  private boolean allDone() {
    return actors.stream().allMatch(actor -> actor.task.isDone());
  }
}
