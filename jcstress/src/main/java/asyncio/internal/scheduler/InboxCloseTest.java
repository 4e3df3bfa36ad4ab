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

/** A sender and a loop that closes: each step is either taken or refused. */
@JCStressTest
@Outcome(id = "none", expect = ACCEPTABLE, desc = "both refused")
@Outcome(id = "a", expect = ACCEPTABLE, desc = "the first taken, the second refused")
@Outcome(id = "ab", expect = ACCEPTABLE, desc = "both taken")
@Outcome(expect = FORBIDDEN, desc = "taken and refused, or neither, or taken after the end")
@State
public class InboxCloseTest {
  private final AtomicInteger wakeUps = new AtomicInteger();
  private final Inbox inbox = new Inbox(wakeUps::incrementAndGet, () -> {});
  private final Sent a = new Sent("a");
  private final Sent b = new Sent("b");
  private Step taken;

  @Actor
  public void sender() {
    a.accepted = inbox.add(a);
    b.accepted = inbox.add(b);
  }

  @Actor
  public void scheduler() {
    taken = inbox.close();
  }

  @Arbiter
  public void judge(L_Result result) {
    String accepted = (a.accepted ? "a" : "") + (b.accepted ? "b" : "");
    String closing = Sent.names(taken);
    if (!accepted.equals(closing)) {
      result.r1 = "accepted: " + accepted + ", taken: " + closing;
    } else if (inbox.add(new Sent("late")) || wakeUps.get() != 0) {
      result.r1 = "open after its end";
    } else {
      result.r1 = closing.isEmpty() ? "none" : closing;
    }
  }
}
