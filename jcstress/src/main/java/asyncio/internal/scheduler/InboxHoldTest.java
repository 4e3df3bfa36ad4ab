package asyncio.internal.scheduler;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import java.util.concurrent.atomic.AtomicInteger;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.L_Result;

/**
 * A sender of two steps and a loop that parks in the middle of a step and then goes to sleep: each
 * is ended in its own way, and no wake-up goes to the place where the loop does not stand.
 */
@JCStressTest
@Outcome(id = "seen", expect = ACCEPTABLE, desc = "never slept with something left")
@Outcome(id = "unparked", expect = ACCEPTABLE, desc = "parked, and unparked once")
@Outcome(id = "woken", expect = ACCEPTABLE, desc = "asleep, and woken once")
@Outcome(id = "unparked, woken", expect = ACCEPTABLE, desc = "each once")
@Outcome(expect = FORBIDDEN, desc = "lost, or sent to the wrong place")
@State
public class InboxHoldTest {
  private final AtomicInteger wakeUps = new AtomicInteger();
  private final AtomicInteger unparks = new AtomicInteger();
  private final Inbox inbox = new Inbox(wakeUps::incrementAndGet, unparks::incrementAndGet);
  private boolean held;
  private boolean slept;
  private Step taken;

  @Actor
  public void sender() {
    inbox.add(new Sent("a"));
    inbox.add(new Sent("b"));
  }

  @Actor
  public void scheduler() {
    held = inbox.prepareToHold();
    taken = inbox.takeAll();
    slept = inbox.prepareToSleep();
  }

  @Arbiter
  public void judge(L_Result result) {
    Step left = inbox.takeAll();
    String order = Sent.names(taken) + Sent.names(left);
    boolean unparked = held && taken != null;
    boolean woken = slept && left != null;
    if (!order.equals("ab")) {
      result.r1 = "arrived: " + order;
    } else if (unparks.get() != (unparked ? 1 : 0) || wakeUps.get() != (woken ? 1 : 0)) {
      result.r1 = unparks + " unparks for " + unparked + ", " + wakeUps + " wake-ups for " + woken;
    } else if (unparked) {
      result.r1 = woken ? "unparked, woken" : "unparked";
    } else {
      result.r1 = woken ? "woken" : "seen";
    }
  }
}
