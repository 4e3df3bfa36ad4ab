package asyncio;

import java.time.Duration;
import java.util.List;

/**
 * The state and activity of an event loop at one moment, from {@link Asyncio#statistics} or {@link
 * EventLoop#statistics}.
 *
 * <p>Taken on the loop, the numbers are exact. Taken by another thread while the loop works, each
 * is right or a moment old, and they need not be consistent with each other: the loop does not stop
 * for them, and being observed costs it nothing.
 *
 * @param loop the loop's name
 * @param carrier the carrier that runs it
 * @param uptime real time since the loop was created
 * @param busy how much of the uptime steps were running, sampled: the watchdog looks ten times a
 *     second or more often, and adds the time between two looks if it finds a step running. Between
 *     two statistics, the growth of {@code busy} divided by that of {@code uptime} is the load of
 *     the loop; near 1, tasks wait for each other
 * @param steps how many steps of tasks and callbacks have begun
 * @param tasks unfinished tasks
 * @param ready steps that wait for their turn
 * @param timers pending sleeps, time limits and delayed callbacks
 * @param helpers calls on helper threads that have not delivered
 * @param foreignWaits coroutines in foreign blocking calls, as far as the loop knows: on the
 *     portable carrier, those in {@link Asyncio#blocking}
 * @param openHandles open sockets: connections and servers
 * @param worstSteps the steps of the last ten minutes that the watchdog reported, longest first, at
 *     most ten; one that is still running counts with its length so far
 */
public record LoopStatistics(
    String loop,
    CarrierKind carrier,
    Duration uptime,
    Duration busy,
    long steps,
    int tasks,
    int ready,
    int timers,
    int helpers,
    int foreignWaits,
    int openHandles,
    List<SlowStep> worstSteps) {
  /** Keeps a copy of the list. */
  public LoopStatistics {
    worstSteps = List.copyOf(worstSteps);
  }
}
