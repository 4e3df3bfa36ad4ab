package asyncio.internal.net;

import asyncio.internal.scheduler.LoopAction;
import asyncio.internal.scheduler.Scheduler;
import asyncio.internal.scheduler.Timer;
import asyncio.internal.util.Durations;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Cuts a connection whose peer is silent while somebody waits for it, takes too long for the rest
 * of a line or count, or stays too long. Loop-confined.
 *
 * <p>One timer serves all three. It is set when a wait begins, and not removed when the wait ends:
 * when it fires, it looks at what is due, and sets itself anew if that is later. So a round trip
 * costs two looks at the clock.
 */
public final class TimeLimits {
  private static final long NEVER = Long.MAX_VALUE;

  /** How long a helper thread may take before it is looked at again. */
  private static final long HELPER_NANOS = 100_000_000;

  private final Link link;
  private final Scheduler scheduler;

  /** In nanoseconds; 0 for no limit. */
  private final long idle;

  private final long read;
  private final long total;

  private final long openedAt;

  /** How many coroutines wait for the peer. */
  private int waiting;

  /** Since when nobody has been waiting, if nobody is. */
  private long absentSince;

  /** When bytes last went either way. */
  private long movedAt;

  /** How long nobody has been waiting since then: the peer's silence does not count meanwhile. */
  private long absent;

  /** When the first bytes of a line or count that is not complete were here; -1 for none. */
  private long pieceSince = -1;

  /** Whether a helper has been asked whether the peer takes more. */
  private boolean retried;

  /** Whether the connection is closed. */
  private boolean stopped;

  /** When the timer fires; NEVER while it is not set. */
  private long firesAt = NEVER;

  private final Timer timer = new Timer() {
    @Override
    protected void fire() {
      firesAt = NEVER;
      look();
    }
  };

  private TimeLimits(Link link, StreamOptions options) {
    this.link = link;
    this.scheduler = link.scheduler;
    this.idle = nanos(options.idleTimeout());
    this.read = nanos(options.readTimeout());
    this.total = nanos(options.totalTimeout());
    this.openedAt = scheduler.time();
    this.movedAt = openedAt;
    this.absentSince = openedAt;
    if (total > 0) {
      arm(openedAt + total);
    }
  }

  /** Returns the limits that the options ask for; null if they ask for none. */
  static @Nullable TimeLimits of(Link link, StreamOptions options) {
    boolean any = options.idleTimeout() != null
        || options.readTimeout() != null
        || options.totalTimeout() != null;
    return any ? new TimeLimits(link, options) : null;
  }

  private static long nanos(@Nullable Duration duration) {
    return duration == null ? 0 : Math.min(Durations.nanos(duration), NEVER / 4);
  }

  /** Notes that a coroutine is about to wait for the peer. */
  public void waitBegins() {
    if (waiting++ == 0) {
      absent += scheduler.time() - absentSince;
    }
    armForWaits();
  }

  /** Notes that such a wait has ended. */
  public void waitEnded() {
    if (--waiting == 0) {
      absentSince = scheduler.time();
    }
  }

  /** Notes that bytes went either way. */
  public void moved() {
    movedAt = scheduler.time();
    absent = 0;
    if (waiting == 0) {
      absentSince = movedAt;
    }
  }

  /** Notes that a line or count has begun and is not complete. */
  public void pieceBegins() {
    if (read > 0 && pieceSince < 0) {
      pieceSince = scheduler.time();
    }
  }

  /** Notes that it is complete, or that nobody waits for the rest. */
  public void pieceEnds() {
    pieceSince = -1;
  }

  private void armForWaits() {
    if (idle > 0) {
      arm(movedAt + absent + idle);
    }
    if (pieceSince >= 0) {
      arm(pieceSince + read);
    }
  }

  private void arm(long due) {
    if (due >= firesAt || stopped) {
      return;
    }
    removeTimer();
    firesAt = due;
    scheduler.timers().addSleeper(timer, due);
  }

  /** Stops the timer for good: the connection is closed. */
  void stop() {
    stopped = true;
    removeTimer();
  }

  private void removeTimer() {
    if (firesAt != NEVER) {
      firesAt = NEVER;
      scheduler.timers().removeSleeper(timer);
    }
  }

  /**
   * On the loop's own thread. While a step lasted, or the machine stood still, bytes may have come
   * that nobody has read yet, and a socket with room for some more output is reported late: so both
   * are looked for, and readers run, before anything is cut.
   */
  private void look() {
    if (due() == null) {
      retried = false;
      armAll();
      return;
    }
    try {
      if (!retried) {
        link.retryOutput();
      }
      scheduler.pollNow();
    } catch (IOException broken) {
      // The next poll fails as well, and reports it.
    }
    if (link.isOutputBusy()) { // a helper finds out, at the latest soon
      retried = true;
      arm(scheduler.time() + HELPER_NANOS);
      return;
    }
    retried = false;
    scheduler.add(LoopAction.of(this::cutIfDue)); // behind those who have just been woken
  }

  private void cutIfDue() {
    if (stopped) {
      return;
    }
    String why = due();
    if (why == null) {
      armAll();
    } else {
      link.timeOut(new SocketTimeoutException(why));
    }
  }

  private void armAll() {
    if (total > 0) {
      arm(openedAt + total);
    }
    if (waiting > 0) {
      armForWaits();
    }
  }

  /** Returns which limit has been passed, for the error; null if none has. */
  private @Nullable String due() {
    long now = scheduler.time();
    if (total > 0 && now - openedAt >= total) {
      return "it had lasted for "
          + millis(total)
          + ", and was cut. withTotalTimeout() sets that limit";
    }
    if (waiting > 0 && pieceSince >= 0 && now - pieceSince >= read) {
      return "the peer had begun a line or the like, and not sent the rest of it within "
          + millis(read)
          + ", so it was cut. withReadTimeout() sets that limit";
    }
    if (waiting > 0 && idle > 0 && now - movedAt - absent >= idle) {
      return "it had been silent for "
          + millis(idle)
          + ", and was cut. withIdleTimeout() sets that limit";
    }
    return null;
  }

  private static String millis(long nanos) {
    return nanos / 1_000_000 + " ms";
  }
}
