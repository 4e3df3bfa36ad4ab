package asyncio.internal.scheduler;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A cancel request on its way to all that it is passed on to: from a coroutine to those that it
 * gathers or races, from there to theirs, and so on. Their depth is the program's, and may be any;
 * so nobody calls into those below, but leaves them here, and the first call of a wave delivers
 * them, one after the other. Depth first and in order, as calls would. Loop-confined; one for each
 * loop, used again for every wave.
 *
 * <pre>
 *   IDLE --request() or passOn()--> RUNNING --all are delivered--> IDLE
 * </pre>
 *
 * No user code runs in a wave. Where one delivery fails, for lack of stack or memory, the wave goes
 * on with the next, and the first error is thrown at the end; two failures in a row end it.
 */
public final class CancelWave {
  /** What a wait passes a cancel on to, when that is several. */
  public abstract static class Branch {
    /** The last wave that came here. */
    private long reachedBy;

    /**
     * Passes the cancel on to the next one; returns false when there was none left. After a failure
     * the next call goes on behind the one that failed.
     */
    protected abstract boolean cancelNext();
  }

  private record Request(Fiber fiber, @Nullable String message, @Nullable CancelRequest scope) {}

  /** Those that are being passed on, the innermost first. */
  private final Deque<Branch> branches = new ArrayDeque<>();

  /** What was requested in the delivery that goes on, in order; null when nothing was. */
  private @Nullable List<Request> requested;

  private long number;
  private boolean running;

  /** Requests the cancellation of a coroutine, now or later in the wave that runs. */
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
   * Whether the wave that runs has come here before: over a coroutine that two others wait for, or
   * in a circle. Once is enough.
   */
  public boolean hasReached(Branch branch) {
    return running && branch.reachedBy == number;
  }

  /** Passes a cancel on, now or later in the wave that runs. */
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
        more = !lastFailed; // else nothing may be left that could succeed
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

  /** Returns false when nothing was left. */
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
