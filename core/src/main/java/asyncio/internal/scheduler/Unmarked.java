package asyncio.internal.scheduler;

import org.jspecify.annotations.Nullable;

/**
 * Virtual threads without a {@link CoroutineMark}: those that are no coroutines, and the rare
 * coroutine whose thread the program has given a handler of its own. Nothing tells one from the
 * other but a look at what each open loop runs.
 *
 * <p>Where the loops are few that costs 40 ns at most, and no memory. Where they are many, a thread
 * looks once and remembers what it found, in a thread-local: that costs its thread a map, but only
 * a thread without a mark, and only then. What it remembers stays true: a thread is a coroutine of
 * one loop or of none for all its life. There is one exception, a coroutine that gave up its place
 * in its loop and finds nothing meanwhile, and it forgets that when it comes back.
 *
 * <p>Rejected: on the mounted carrier the scheduler of a thread tells its loop, but the portable
 * one, which has no access to that, would need this all the same.
 */
public final class Unmarked {
  /** Up to so many loops a look at each is cheap. */
  static final int FEW = 64;

  private static final Object STRANGER = new Object();

  /** The loop of a coroutine, or STRANGER; nothing in a thread that has not looked. */
  private static final ThreadLocal<@Nullable Object> KNOWN = new ThreadLocal<>();

  private Unmarked() {}

  /** The loop that runs {@code self}, the current thread, which is virtual. */
  static @Nullable Scheduler current(Thread self, Scheduler[] open) {
    if (open.length <= FEW) {
      return search(self, open);
    }
    Object known = KNOWN.get();
    if (known == null) {
      Scheduler found = search(self, open);
      KNOWN.set(found == null ? STRANGER : found);
      return found;
    }
    return known instanceof Scheduler scheduler && scheduler.running == self ? scheduler : null;
  }

  private static @Nullable Scheduler search(Thread thread, Scheduler[] open) {
    for (Scheduler scheduler : open) {
      if (scheduler.running == thread) {
        return scheduler;
      }
    }
    return null;
  }

  /** The current thread is a coroutine, which gets its place in its loop back. */
  public static void forgetStranger() {
    KNOWN.remove(); // with a mark too: the thread may have got it since it looked
  }
}
