package asyncio;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.L_Result;

/** One thread has a lock released, another one cancels the task that waits for it. */
@JCStressTest
@Outcome(id = "acquired, locked", expect = ACCEPTABLE, desc = "the release came first")
@Outcome(id = "cancelled, free", expect = ACCEPTABLE, desc = "the cancel came first")
@Outcome(expect = FORBIDDEN, desc = "the lock is lost, or held by nobody")
@State
public class LockCancelTest {
  private final Lock lock = new Lock();

  // A callback takes it, so that a callback may release it.
  @SuppressWarnings("unused")
  private final Handle taking = OneLoop.LOOP.callSoonThreadsafe(lock::tryAcquire);

  private final Future<?> waiter = Asyncio.runCoroutineThreadsafe(lock::acquire, OneLoop.LOOP);

  @Actor
  public void releaser() {
    OneLoop.LOOP.callSoonThreadsafe(lock::release);
  }

  @Actor
  public void canceller() {
    waiter.cancel(true);
  }

  @Arbiter
  public void judge(L_Result result) {
    boolean acquired = OneLoop.done(waiter);
    boolean locked = OneLoop.ask(lock::locked);
    result.r1 = (acquired ? "acquired, " : "cancelled, ") + (locked ? "locked" : "free");
  }
}
