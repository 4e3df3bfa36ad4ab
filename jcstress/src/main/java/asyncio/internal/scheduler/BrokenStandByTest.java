package asyncio.internal.scheduler;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE_INTERESTING;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import java.util.concurrent.atomic.AtomicInteger;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.L_Result;

/**
 * Broken on purpose: the thread to unpark is written after the loop has said that it sleeps. Shows
 * that {@link StandByTest} would see a sender that finds the mark and no thread.
 */
@JCStressTest
@Outcome(id = "seen", expect = ACCEPTABLE, desc = "seen before parking")
@Outcome(id = "unparked", expect = ACCEPTABLE, desc = "parked, and unparked once")
@Outcome(
    id = "lost",
    expect = ACCEPTABLE_INTERESTING,
    desc = "LOST WAKE-UP: nobody stood by yet, and the loop parks")
@Outcome(expect = FORBIDDEN, desc = "the step is gone, or woken without need")
@State
public class BrokenStandByTest {
  private final AtomicInteger unparks = new AtomicInteger();
  private final AtomicInteger nobody = new AtomicInteger();
  private volatile Object standingBy;
  private final Inbox inbox = new Inbox(this::wake, () -> {});
  private boolean slept;

  private void wake() {
    (standingBy == null ? nobody : unparks).incrementAndGet();
  }

  @Actor
  public void sender() {
    inbox.add(new Sent("a"));
  }

  @Actor
  public void scheduler() {
    slept = inbox.prepareToSleep();
    standingBy = this;
  }

  @Arbiter
  public void judge(L_Result result) {
    if (inbox.takeAll() == null) {
      result.r1 = "the step is gone";
    } else if (!slept) {
      result.r1 = unparks.get() + nobody.get() == 0 ? "seen" : "woken without need";
    } else {
      result.r1 = unparks.get() == 1 && nobody.get() == 0 ? "unparked" : "lost";
    }
  }
}
