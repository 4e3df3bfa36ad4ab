package asyncio.internal.engine;

import asyncio.internal.scheduler.Scheduler;

class MemoryEngineTest extends EngineContract {
  @Override
  Engine open(Scheduler scheduler) {
    return new MemoryEngine(scheduler);
  }
}
