package asyncio.internal.scheduler;

import org.jspecify.annotations.Nullable;

/**
 * The cancel requests that a coroutine has received, and what became of them. Made with the first
 * one: most coroutines never get any, and there may be a million of them. Loop-confined.
 *
 * <pre>
 *   a request --it ends a wait, or is passed on--> DELIVERED
 *   a request --there is no wait to end----------> PENDING --strikes at the next wait--> DELIVERED
 *   DELIVERED --it came to nothing---------------> PENDING
 *   PENDING, DELIVERED --taken back--------------> gone
 * </pre>
 *
 * <p>A scope takes back its own {@link CancelRequest}, and never one that came from elsewhere and
 * has not struck yet. Of the others only the number counts. Code that takes one back without saying
 * which has seen one that was delivered, so that goes first.
 */
final class CancelRequests {
  // Those that nobody will name again.
  private int delivered;
  private int pending;

  /** The place of the last of them among all. */
  private int lastUnnamed;

  private @Nullable String pendingMessage;

  // Those of scopes, the last one first.
  private @Nullable CancelRequest scopes;

  private int madeInAll;

  /**
   * One that pends came in the middle of a step: it counts even when the body ends in that step.
   */
  private boolean now;

  private @Nullable String message;
  private @Nullable String endedWait;

  // ---- asking ----

  /** Requests less those taken back; the truth. */
  int count() {
    int count = delivered + pending;
    for (CancelRequest one = scopes; one != null; one = one.earlier) {
      count++;
    }
    return count;
  }

  boolean isPending() {
    return pending > 0 || pendingOfScope() != null;
  }

  private @Nullable CancelRequest pendingOfScope() {
    CancelRequest one = scopes;
    while (one != null && !one.pending) {
      one = one.earlier;
    }
    return one;
  }

  /** Whether one that pends came in the middle of the step that runs. */
  boolean isPendingNow() {
    return now && isPending();
  }

  /** What the last request said. */
  @Nullable String message() {
    return message;
  }

  /** What the request said that ended the last wait. */
  @Nullable String endedWait() {
    return endedWait;
  }

  // ---- receiving ----

  /**
   * Counts a request, which pends.
   *
   * @param scope the one of a scope; null for any other
   */
  void receive(@Nullable CancelRequest scope, @Nullable String why) {
    message = why;
    madeInAll++;
    if (scope == null) {
      pending++;
      lastUnnamed = madeInAll;
      pendingMessage = why;
      return;
    }
    scope.message = why;
    scope.made = true;
    scope.pending = true;
    scope.number = madeInAll;
    scope.earlier = scopes;
    scopes = scope;
  }

  /**
   * The request that was received last needs no wait to strike at: it ends one, or was passed on.
   */
  void delivered(@Nullable CancelRequest scope) {
    if (scope != null) {
      scope.pending = false;
    } else {
      pending--;
      delivered++;
    }
  }

  /** The wait in which the coroutine is ends because of a request that said {@code why}. */
  void endWait(@Nullable String why) {
    endedWait = why;
  }

  /** What pends came in the middle of a step, as its sender saw it. */
  void pendNow() {
    now = true;
  }

  // ---- delivering ----

  /** All that pends is delivered now. */
  void deliver() {
    delivered += pending;
    pending = 0;
    now = false;
    for (CancelRequest one = scopes; one != null; one = one.earlier) {
      one.pending = false;
    }
  }

  /** The last one that was delivered came to nothing: it pends again, unless another does. */
  void strikeAgain() {
    if (isPending()) {
      return;
    }
    CancelRequest latest = scopes;
    if (latest != null && (delivered == 0 || latest.number > lastUnnamed)) {
      latest.pending = true;
      message = latest.message;
    } else if (delivered > 0) {
      delivered--;
      pending++;
      message = pendingMessage;
    }
    now = true;
  }

  // ---- taking back ----

  /** Takes back the request of a scope, whether it has struck or not. */
  void takeBack(CancelRequest scope) {
    if (!scope.made) {
      return;
    }
    scope.made = false;
    CancelRequest one = scopes;
    if (one == scope) {
      scopes = scope.earlier;
    } else {
      while (one != null && one.earlier != scope) {
        one = one.earlier;
      }
      if (one != null) {
        one.earlier = scope.earlier;
      }
    }
    scope.earlier = null;
    if (scope.pending) {
      scope.pending = false;
      refreshMessage();
    }
  }

  /**
   * Takes back any one: a delivered one if there is any, else one that pends, an unnamed one first.
   */
  void takeBackAny() {
    if (delivered > 0) {
      delivered--;
      return;
    }
    CancelRequest ofScope = scopes;
    while (ofScope != null && ofScope.pending) {
      ofScope = ofScope.earlier;
    }
    if (ofScope != null) {
      takeBack(ofScope);
    } else if (pending > 0) {
      pending--;
      refreshMessage();
    } else if (scopes != null) {
      takeBack(scopes);
    }
  }

  /** What strikes next says what it is, now that one which came later is gone. */
  private void refreshMessage() {
    CancelRequest ofScope = pendingOfScope();
    if (pending > 0) {
      message = pendingMessage;
    } else if (ofScope != null) {
      message = ofScope.message;
    } else {
      now = false;
    }
  }
}
