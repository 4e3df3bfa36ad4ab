package asyncio.internal.scheduler;

import asyncio.CarrierKind;
import asyncio.Clock;
import asyncio.internal.carrier.Carriers;
import asyncio.internal.diagnosis.WatchedLoop;
import org.jspecify.annotations.Nullable;

/** The parts of a loop that waits for no socket. */
record WithoutSockets(@Nullable CarrierKind kind) implements LoopParts {
  /** A loop whose callbacks do not fail. */
  static Scheduler loop(String name, @Nullable CarrierKind kind) {
    return new Scheduler(
        name,
        (callback, failure) -> {
          throw new AssertionError(failure);
        },
        Clock.system(),
        new WithoutSockets(kind));
  }

  @Override
  public LoopMonitor monitor(Scheduler scheduler) {
    return new WatchedLoop(scheduler);
  }

  @Override
  public Carrier carrier(Scheduler scheduler) {
    return Carriers.make(scheduler, kind);
  }

  @Override
  public Poller poller(Scheduler scheduler) {
    throw new AssertionError("no poller is needed");
  }
}
