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
 * A sender of two steps and a loop that goes to sleep twice: both arrive once and in order, and
 * each sleep that a step ends is ended by exactly one wake-up.
 */
@JCStressTest
@Outcome(id = "0", expect = ACCEPTABLE, desc = "never slept with something left")
@Outcome(id = "1", expect = ACCEPTABLE, desc = "one sleep, ended by one wake-up")
@Outcome(id = "2", expect = ACCEPTABLE, desc = "two sleeps, ended by one wake-up each")
@Outcome(
    expect = FORBIDDEN,
    desc = "lost, doubled, out of order, or not one wake-up for each sleep")
@State
public class InboxOrderTest {
  private final AtomicInteger wakeUps = new AtomicInteger();
  private final Inbox inbox = new Inbox(wakeUps::incrementAndGet, () -> {});
  private final Sent a = new Sent("a");
  private final Sent b = new Sent("b");
  private boolean sleptFirst;
  private boolean sleptSecond;
  private Step taken;

  @Actor
  public void sender() {
    inbox.add(a);
    inbox.add(b);
  }

  @Actor
  public void scheduler() {
    sleptFirst = inbox.prepareToSleep();
    taken = inbox.takeAll();
    sleptSecond = inbox.prepareToSleep();
  }

  @Arbiter
  public void judge(L_Result result) {
    int woken = wakeUps.get();
    Step left = inbox.takeAll();
    int sleepsEnded = (sleptFirst && taken != null ? 1 : 0) + (sleptSecond && left != null ? 1 : 0);
    String order = Sent.names(taken) + Sent.names(left);
    if (!order.equals("ab")) {
      result.r1 = "arrived: " + order;
    } else if (woken != sleepsEnded) {
      result.r1 = woken + " wake-ups for " + sleepsEnded + " sleeps";
    } else {
      result.r1 = "" + woken;
    }
  }
}
