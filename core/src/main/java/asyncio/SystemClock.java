package asyncio;

/** The system's monotonic clock. */
enum SystemClock implements Clock {
  INSTANCE;

  @Override
  public long nanoTime() {
    return System.nanoTime();
  }

  @Override
  public long idle(long next, Activity activity) {
    return next == Long.MAX_VALUE ? Long.MAX_VALUE : Math.max(0, next - nanoTime());
  }
}
