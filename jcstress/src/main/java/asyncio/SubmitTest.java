package asyncio;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.L_Result;

/** Two threads submit tasks that count up under a lock and wait in the middle. */
@JCStressTest
@Outcome(id = "counted 2, free", expect = ACCEPTABLE, desc = "both, one after the other")
@Outcome(expect = FORBIDDEN, desc = "a task is lost, or two held the lock at once")
@State
public class SubmitTest {
  private final Lock lock = new Lock();
  private int counter;
  private Future<?> one;
  private Future<?> other;

  private void count() {
    try (var _ = lock.acquire()) {
      int seen = counter;
      Asyncio.yieldNow();
      counter = seen + 1;
    }
  }

  @Actor
  public void first() {
    one = Asyncio.runCoroutineThreadsafe(this::count, OneLoop.LOOP);
  }

  @Actor
  public void second() {
    other = Asyncio.runCoroutineThreadsafe(this::count, OneLoop.LOOP);
  }

  @Arbiter
  public void judge(L_Result result) {
    OneLoop.done(one);
    OneLoop.done(other);
    boolean locked = OneLoop.ask(lock::locked);
    result.r1 = "counted " + counter + ", " + (locked ? "locked" : "free");
  }
}
