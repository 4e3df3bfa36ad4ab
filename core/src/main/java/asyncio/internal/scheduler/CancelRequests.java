package asyncio.internal.scheduler;

import org.jspecify.annotations.Nullable;

/**
 * The cancel requests that a coroutine has received, and what became of them. Created with the
 * first request: most coroutines never get any, and there may be a million of them. Loop-confined.
 *
 * <pre>
 *   a request --it ends a wait, or is passed on--> DELIVERED
 *   a request --there is no wait to end----------> PENDING --takes effect at the next wait--> DELIVERED
 *   DELIVERED --it came to nothing---------------> PENDING
 *   PENDING, DELIVERED --taken back--------------> gone
 * </pre>
 *
 * <p>A scope takes back its own {@link CancelRequest}, and never one that came from elsewhere and
 * has not taken effect yet. Of the others, only the number matters. Code that takes one back
 * without saying which has seen a delivered one, so delivered ones go first.
 */
final class CancelRequests {
  // Requests that nobody will refer to again.
  private int delivered;
  private int pending;

  /** The place of the last of these among all requests. */
  private int lastUnnamed;

  private @Nullable String pendingMessage;

  // Requests of scopes, latest first.
  private @Nullable CancelRequest scopes;

  private int madeInAll;

  /**
   * Whether a pending request arrived in the middle of a step: it counts even if the body ends in
   * that step.
   */
  private boolean now;

  private @Nullable String message;
  private @Nullable String endedWait;

  // ---- asking ----

  /** Returns the exact number of requests, less those taken back. */
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

  /** Whether a pending request arrived in the middle of the current step. */
  boolean isPendingNow() {
    return now && isPending();
  }

  /** Returns the message of the last request. */
  @Nullable
  String message() {
    return message;
  }

  /** Returns the message of the request that ended the last wait. */
  @Nullable
  String endedWait() {
    return endedWait;
  }

  // ---- receiving ----

  /**
   * Counts a request, which is pending.
   *
   * @param scope the request of a scope; null for any other
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
   * Marks the request received last as delivered: it ends a wait, or was passed on, so it need not
   * wait for the next one.
   */
  void delivered(@Nullable CancelRequest scope) {
    if (scope != null) {
      scope.pending = false;
    } else {
      pending--;
      delivered++;
    }
  }

  /**
   * Notes that the coroutine's current wait ends because of a request with the message {@code why}.
   */
  void endWait(@Nullable String why) {
    endedWait = why;
  }

  /** Notes that what is pending arrived in the middle of a step, as its sender saw it. */
  void pendNow() {
    now = true;
  }

  // ---- delivering ----

  /** Marks all pending requests as delivered. */
  void deliver() {
    delivered += pending;
    pending = 0;
    now = false;
    for (CancelRequest one = scopes; one != null; one = one.earlier) {
      one.pending = false;
    }
  }

  /**
   * Makes the last delivered request, which had no effect, pending again, unless another is
   * pending.
   */
  void redeliver() {
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

  /** Takes back the request of a scope, whether it has taken effect or not. */
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
   * Takes back any one request: a delivered one if there is any, otherwise a pending one; in each
   * case one without a scope first.
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

  /** Restores the message of the request that takes effect next, now that a later one is gone. */
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
