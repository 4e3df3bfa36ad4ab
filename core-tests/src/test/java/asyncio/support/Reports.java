package asyncio.support;

import static org.junit.jupiter.api.Assertions.assertEquals;

import asyncio.EventLoop;
import asyncio.ExceptionContext;
import asyncio.ExceptionHandler;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/** An exception handler that keeps what is reported to it, in its order. Any thread may look. */
public final class Reports implements ExceptionHandler {
  private final Queue<ExceptionContext> reports = new ConcurrentLinkedQueue<>();

  @Override
  public void handle(EventLoop loop, ExceptionContext context) {
    reports.add(context);
  }

  /** Fails if there is any. */
  public void assertNone() {
    assertEquals(List.of(), all(), "failures that the test does not expect");
  }

  /** Fails unless there is exactly one. */
  public void assertOne() {
    only();
  }

  /** The only one; fails if there is none, or another. */
  public ExceptionContext only() {
    assertEquals(1, reports.size(), reports::toString);
    return reports.element();
  }

  /** As {@link #only}, and forgets it. */
  public ExceptionContext takeOnly() {
    ExceptionContext report = only();
    reports.clear();
    return report;
  }

  /** All, first to last. */
  public List<ExceptionContext> all() {
    return List.copyOf(reports);
  }

  public boolean areThere() {
    return !reports.isEmpty();
  }

  public int size() {
    return reports.size();
  }

  @Override
  public String toString() {
    return reports.toString();
  }
}
