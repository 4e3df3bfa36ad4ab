package asyncio.internal.scheduler;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE_INTERESTING;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.L_Result;

/**
 * Broken on purpose: a queue and a flag in the right order on both sides, but nothing keeps the
 * loop's look at the queue from overtaking its flag. Shows that the tests would see a fence that is
 * missing, and not only a wrong order.
 */
@JCStressTest
@Outcome(id = "seen", expect = ACCEPTABLE, desc = "seen before sleeping")
@Outcome(id = "woken", expect = ACCEPTABLE, desc = "asleep, and woken once")
@Outcome(id = "woken while awake", expect = ACCEPTABLE, desc = "one wake-up too many does no harm")
@Outcome(
    id = "lost",
    expect = ACCEPTABLE_INTERESTING,
    desc = "LOST WAKE-UP: asleep with something left")
@Outcome(expect = FORBIDDEN, desc = "the step is gone")
@State
public class BrokenInboxWithoutFenceTest {
  private static final VarHandle SLEEPING;

  static {
    try {
      SLEEPING = MethodHandles.lookup()
          .findVarHandle(BrokenInboxWithoutFenceTest.class, "sleeping", boolean.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final AtomicInteger wakeUps = new AtomicInteger();
  private final ConcurrentLinkedQueue<Step> queue = new ConcurrentLinkedQueue<>();

  @SuppressWarnings("unused") // through SLEEPING
  private boolean sleeping;

  private boolean asleep;

  @Actor
  public void sender() {
    queue.add(new Sent("a"));
    if ((boolean) SLEEPING.getAcquire(this)) {
      wakeUps.incrementAndGet();
    }
  }

  @Actor
  public void scheduler() {
    SLEEPING.setRelease(this, true);
    asleep = queue.isEmpty();
  }

  @Arbiter
  public void judge(L_Result result) {
    int woken = wakeUps.get();
    if (queue.poll() == null) {
      result.r1 = "the step is gone";
    } else if (asleep) {
      result.r1 = woken == 1 ? "woken" : "lost";
    } else {
      result.r1 = woken == 0 ? "seen" : "woken while awake";
    }
  }
}
