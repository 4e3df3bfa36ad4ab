package asyncio;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.L_Result;

/** One thread puts an item, another one cancels the task that waits for it. */
@JCStressTest
@Outcome(id = "taken, 0 left", expect = ACCEPTABLE, desc = "the item came first")
@Outcome(id = "cancelled, 1 left", expect = ACCEPTABLE, desc = "the cancel came first")
@Outcome(expect = FORBIDDEN, desc = "the item is lost or doubled")
@State
public class QueueCancelTest {
  private final Queue<String> queue = new Queue<>();
  private final Future<String> getter = Asyncio.runCoroutineThreadsafe(queue::get, OneLoop.LOOP);

  @Actor
  public void putter() {
    OneLoop.LOOP.callSoonThreadsafe(() -> queue.putNowait("item"));
  }

  @Actor
  public void canceller() {
    getter.cancel(true);
  }

  @Arbiter
  public void judge(L_Result result) {
    int left = OneLoop.ask(queue::size);
    boolean taken = OneLoop.done(getter);
    result.r1 = (taken ? "taken, " : "cancelled, ") + left + " left";
  }
}
