package asyncio.support;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import asyncio.Asyncio;
import asyncio.Task;
import java.util.concurrent.CompletionException;

/** Tasks that wait for what a test does next. */
public final class Waiting {
  private Waiting() {}

  /** Lets {@code task} run into what it waits for. */
  public static <T> Task<T> started(Task<T> task) {
    for (int i = 0; i < 10; i++) {
      Asyncio.yieldNow();
    }
    assertFalse(task.isDone(), () -> task + " has not waited");
    return task;
  }

  /** Waits for {@code task}, which fails; returns why. */
  public static Throwable failureOf(Task<?> task) {
    return assertThrows(CompletionException.class, task::await).getCause();
  }
}
