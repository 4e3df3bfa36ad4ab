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
 * Two senders and a loop that sleeps already: exactly one of them wakes it, and no step is lost or
 * doubled. (With the loop as a third actor the test would not run on two processors.)
 */
@JCStressTest
@Outcome(id = "abx", expect = ACCEPTABLE, desc = "one wake-up, by the sender of two")
@Outcome(id = "axb", expect = ACCEPTABLE, desc = "one wake-up, by the sender of two")
@Outcome(id = "xab", expect = ACCEPTABLE, desc = "one wake-up, by the sender of one")
@Outcome(expect = FORBIDDEN, desc = "lost, doubled, out of order, or not one wake-up")
@State
public class InboxSendersTest {
  private final AtomicInteger wakeUps = new AtomicInteger();
  private final Inbox inbox = new Inbox(wakeUps::incrementAndGet, () -> {});
  private final Sent a = new Sent("a");
  private final Sent b = new Sent("b");
  private final Sent x = new Sent("x");
  private final boolean asleep = inbox.prepareToSleep();

  @Actor
  public void sender() {
    inbox.add(a);
    inbox.add(b);
  }

  @Actor
  public void otherSender() {
    inbox.add(x);
  }

  @Arbiter
  public void judge(L_Result result) {
    int woken = wakeUps.get();
    boolean wokenOnce = asleep && woken == 1;
    result.r1 = wokenOnce ? Sent.names(inbox.takeAll()) : "wake-ups: " + woken;
  }
}
