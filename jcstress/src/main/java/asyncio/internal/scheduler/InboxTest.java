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

/** A sender and a loop that goes to sleep: the loop sees the step, or is woken. */
@JCStressTest
@Outcome(id = "seen", expect = ACCEPTABLE, desc = "seen before sleeping")
@Outcome(id = "woken", expect = ACCEPTABLE, desc = "asleep, and woken once")
@Outcome(id = "lost", expect = FORBIDDEN, desc = "LOST WAKE-UP: asleep with something left")
@Outcome(expect = FORBIDDEN, desc = "woken without need, or nothing left")
@State
public class InboxTest {
  private final AtomicInteger wakeUps = new AtomicInteger();
  private final Inbox inbox = new Inbox(wakeUps::incrementAndGet, () -> {});
  private final Sent step = new Sent("a");
  private boolean asleep;

  @Actor
  public void sender() {
    inbox.add(step);
  }

  @Actor
  public void scheduler() {
    asleep = inbox.prepareToSleep();
  }

  @Arbiter
  public void judge(L_Result result) {
    int woken = wakeUps.get();
    if (inbox.takeAll() != step) {
      result.r1 = "the step is gone";
    } else if (asleep) {
      result.r1 = woken == 1 ? "woken" : woken == 0 ? "lost" : "woken " + woken + " times";
    } else {
      result.r1 = woken == 0 ? "seen" : "woken while awake";
    }
  }
}
