package asyncio;

import static asyncio.Asyncio.runningLoop;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import asyncio.conformance.Covers;
import asyncio.testing.AsyncTest;
import asyncio.testing.VirtualClock;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** What CPython's tests of task groups pin down holds too where all tasks start eagerly. */
class EagerTaskGroupTest {
  @TestFactory
  List<DynamicTest> allThatCoverATestOfCPythons() {
    List<DynamicTest> tests =
        Arrays.stream(TaskGroupTest.class.getDeclaredMethods())
            .filter(EagerTaskGroupTest::coversATaskGroup)
            .map(method -> dynamicTest(method.getName(), () -> runEagerly(method)))
            .toList();
    assertTrue(tests.size() > 25, "found " + tests.size());
    return tests;
  }

  private static boolean coversATaskGroup(Method method) {
    Covers covers = method.getAnnotation(Covers.class);
    return covers != null
        && !method
            .getName()
            .equals("aFailureOfTheBodyBeforeATaskBeganNeverStartsIt") // eager: it has
        && method.isAnnotationPresent(AsyncTest.class)
        && Arrays.stream(covers.value()).anyMatch(name -> name.startsWith("test_taskgroups."));
  }

  private static void runEagerly(Method method) throws Exception {
    try (var runner = new Runner(RunOptions.defaults().withClock(new VirtualClock()))) {
      runner.run(
          () -> {
            runningLoop().setTaskFactory(TaskFactory.EAGER);
            try {
              method.invoke(new TaskGroupTest());
            } catch (InvocationTargetException failed) {
              throw new AssertionError("with eager tasks", failed.getCause());
            }
          });
    }
  }
}
