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
 * Broken on purpose: where the loop stands is a flag beside the inbox's word, set after the loop
 * has said that it sleeps. Shows that {@link InboxHoldTest} would see a wake-up that goes to the
 * wrong place.
 */
@JCStressTest
@Outcome(id = "seen", expect = ACCEPTABLE, desc = "seen before parking")
@Outcome(id = "unparked", expect = ACCEPTABLE, desc = "parked, and unparked once")
@Outcome(
    id = "lost",
    expect = ACCEPTABLE_INTERESTING,
    desc = "LOST WAKE-UP: the engine was woken, and the loop parks elsewhere")
@Outcome(expect = FORBIDDEN, desc = "the step is gone, or woken without need")
@State
public class BrokenInboxHoldTest {
  private final AtomicInteger wakeUps = new AtomicInteger();
  private final AtomicInteger unparks = new AtomicInteger();
  private volatile boolean holding;
  private final Inbox inbox = new Inbox(this::wake, () -> {});
  private boolean held;

  private void wake() {
    (holding ? unparks : wakeUps).incrementAndGet();
  }

  @Actor
  public void sender() {
    inbox.add(new Sent("a"));
  }

  @Actor
  public void scheduler() {
    held = inbox.prepareToSleep();
    holding = true;
  }

  @Arbiter
  public void judge(L_Result result) {
    if (inbox.takeAll() == null) {
      result.r1 = "the step is gone";
    } else if (!held) {
      result.r1 = unparks.get() + wakeUps.get() == 0 ? "seen" : "woken without need";
    } else {
      result.r1 = unparks.get() == 1 ? "unparked" : "lost";
    }
  }
}
