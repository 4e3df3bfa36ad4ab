package asyncio.tasks;

import static asyncio.Asyncio.runningLoop;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import asyncio.RunOptions;
import asyncio.Runner;
import asyncio.TaskFactory;
import asyncio.conformance.Covers;
import asyncio.testing.AsyncTest;
import asyncio.testing.VirtualClock;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** What CPython's tests of task groups pin down holds too where all tasks start eagerly. */
class EagerTaskGroupTest {
  private static final String PREFIX = "test_taskgroups.";

  private static final List<Class<?>> TESTS = List.of(
      TaskGroupTest.class,
      TaskGroupFailuresTest.class,
      TaskGroupCancelTest.class,
      TaskGroupEndedEarlyTest.class,
      NestedTaskGroupsTest.class,
      TaskFactoryTest.class);

  @TestFactory
  List<DynamicTest> allThatCoverATestOfCPythons() {
    return covering()
        .map(method -> dynamicTest(method.getName(), () -> runEagerly(method)))
        .toList();
  }

  @Test
  void theseAreAllOfThem() throws IOException {
    Set<String> run = new TreeSet<>();
    covering().forEach(method -> run.addAll(covered(method)));
    assertEquals(names(), run);
  }

  private static Set<String> names() throws IOException {
    try (InputStream file = Covers.class.getResourceAsStream("names.txt")) {
      String text = new String(Objects.requireNonNull(file).readAllBytes(), UTF_8);
      Set<String> names = new TreeSet<>();
      text.lines()
          .filter(line -> line.startsWith(PREFIX))
          .map(line -> line.split(" ", 2)[0])
          .forEach(names::add);
      assertTrue(names.size() > 30, names::toString);
      return names;
    }
  }

  private static Stream<Method> covering() {
    return TESTS.stream()
        .flatMap(type -> Arrays.stream(type.getDeclaredMethods()))
        .filter(method -> !covered(method).isEmpty());
  }

  private static List<String> covered(Method method) {
    Covers covers = method.getAnnotation(Covers.class);
    List<String> names = new ArrayList<>();
    if (covers != null) {
      Arrays.stream(covers.value()).filter(name -> name.startsWith(PREFIX)).forEach(names::add);
    }
    return names;
  }

  private static void runEagerly(Method method) throws Exception {
    Constructor<?> constructor = method.getDeclaringClass().getDeclaredConstructor();
    if (!method.isAnnotationPresent(AsyncTest.class)) { // it runs a loop itself
      var test = (TaskGroupFixture) constructor.newInstance();
      test.factory = TaskFactory.EAGER;
      invoke(method, test);
      return;
    }
    try (var runner = new Runner(RunOptions.defaults().withClock(new VirtualClock()))) {
      runner.run(() -> {
        Object test = constructor.newInstance();
        runningLoop().setTaskFactory(TaskFactory.EAGER);
        invoke(method, test);
      });
    }
  }

  private static void invoke(Method method, Object test) throws IllegalAccessException {
    try {
      method.invoke(test);
    } catch (InvocationTargetException failed) {
      throw new AssertionError("with eager tasks", failed.getCause());
    }
  }
}
