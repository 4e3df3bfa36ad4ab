package asyncio.tasks;

import static asyncio.Asyncio.runningLoop;
import static asyncio.Asyncio.sleep;
import static java.time.Duration.ofDays;
import static org.junit.jupiter.api.Assertions.assertThrows;

import asyncio.Action;
import asyncio.Asyncio;
import asyncio.CancelledError;
import asyncio.ExceptionGroup;
import asyncio.TaskFactory;
import asyncio.TaskGroup;
import asyncio.support.Failure;
import asyncio.support.Order;
import java.util.List;

/** One group for each test, and the order of what happened in it. */
abstract class TaskGroupFixture {
  final Order order = new Order();
  final TaskGroup group = new TaskGroup();

  /** For tests that run a loop of their own; EagerTaskGroupTest sets another. */
  TaskFactory factory = TaskFactory.PLAIN;

  void runALoop(Action<?> body) throws Exception {
    Asyncio.run(() -> {
      runningLoop().setTaskFactory(factory);
      body.run();
    });
  }

  void sleepOrTell(String name) {
    try {
      sleep(ofDays(1));
    } catch (CancelledError cancelled) {
      order.add(name + " cancelled");
      throw cancelled;
    }
  }

  /** Runs {@code body} in the group, which must fail, and returns what it fails with. */
  ExceptionGroup groupFails(Action<?> body) {
    return groupFails(group, body);
  }

  static ExceptionGroup groupFails(TaskGroup group, Action<?> body) {
    return assertThrows(ExceptionGroup.class, () -> group.run(body));
  }

  static void fail(String message) {
    throw new Failure(message);
  }

  static List<String> messages(ExceptionGroup failures) {
    return failures.exceptions().stream().map(Throwable::getMessage).toList();
  }
}
