package asyncio.internal.scheduler;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A cancel request on its way to everything it is passed on to: from a coroutine to those that it
 * gathers or races, from there to theirs, and so on. The depth is up to the program and unlimited,
 * so no level calls into the one below; it leaves the requests here, and the first call of a wave
 * delivers them one after another: depth first and in order, as nested calls would. Loop-confined;
 * one per loop, reused for every wave.
 *
 * <pre>
 *   IDLE --request() or passOn()--> RUNNING --all are delivered--> IDLE
 * </pre>
 *
 * <p>No user code runs in a wave. If a delivery fails, for lack of stack or memory, the wave
 * continues with the next, and the first error is thrown at the end; two failures in a row end the
 * wave.
 */
public final class CancelWave {
  /** What a wait passes a cancel on to, if there are several. */
  public abstract static class Branch {
    /** The last wave that reached this branch. */
    private long reachedBy;

    /**
     * Passes the cancel on to the next one; returns false if none was left. After a failure, the
     * next call continues after the one that failed.
     */
    protected abstract boolean cancelNext();
  }

  private record Request(
      Fiber fiber, @Nullable String message, @Nullable CancelRequest scope) {}

  /** The branches being worked through, innermost first. */
  private final Deque<Branch> branches = new ArrayDeque<>();

  /** What was requested during the current delivery, in order; null if nothing was. */
  private @Nullable List<Request> requested;

  private long number;
  private boolean running;

  /** Requests the cancellation of a coroutine, now or later in the current wave. */
  void request(Fiber fiber, @Nullable String message, @Nullable CancelRequest scope) {
    if (running) {
      List<Request> others = requested;
      if (others == null) {
        others = new ArrayList<>(2);
        requested = others;
      }
      others.add(new Request(fiber, message, scope));
      return;
    }
    begin();
    Throwable failed = null;
    try {
      fiber.deliverCancel(message, scope);
    } catch (RuntimeException | Error failure) {
      failed = failure;
    }
    deliverAll(failed);
  }

  /**
   * Whether the current wave has already reached {@code branch}: through a coroutine that two
   * others wait for, or in a cycle. Once is enough.
   */
  public boolean hasReached(Branch branch) {
    return running && branch.reachedBy == number;
  }

  /** Passes a cancel on, now or later in the current wave. */
  public void passOn(Branch branch) {
    if (running) {
      reach(branch);
      return;
    }
    begin();
    reach(branch);
    deliverAll(null);
  }

  private void reach(Branch branch) {
    branch.reachedBy = number;
    branches.push(branch);
  }

  private void begin() {
    // Discard what a failed wave left behind; waves never mix.
    branches.clear();
    requested = null;
    number++;
    running = true;
  }

  private void deliverAll(@Nullable Throwable earlier) {
    Throwable failed = earlier;
    boolean more = true;
    boolean lastFailed = false;
    while (more) {
      try {
        more = deliverNext();
        lastFailed = false;
      } catch (RuntimeException | Error failure) {
        failed = failed == null ? failure : failed;
        more = !lastFailed; // otherwise nothing may be left that could succeed
        lastFailed = true;
      }
    }
    running = false;
    if (failed instanceof Error error) {
      throw error;
    }
    if (failed != null) {
      throw (RuntimeException) failed;
    }
  }

  /** Delivers the next request; returns false if none was left. */
  private boolean deliverNext() {
    List<Request> requests = requested;
    if (requests != null) {
      requested = null;
      branches.push(new Requests(requests));
    }
    Branch innermost = branches.peek();
    if (innermost == null) {
      return false;
    }
    if (!innermost.cancelNext()) {
      branches.pop();
    }
    return true;
  }

  private static final class Requests extends Branch {
    private final List<Request> requests;
    private int next;

    Requests(List<Request> requests) {
      this.requests = requests;
    }

    @Override
    protected boolean cancelNext() {
      if (next == requests.size()) {
        return false;
      }
      Request request = requests.get(next++);
      request.fiber.deliverCancel(request.message, request.scope);
      return true;
    }
  }
}
