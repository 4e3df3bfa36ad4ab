package asyncio.testing;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.currentTask;
import static asyncio.Asyncio.runningLoop;
import static asyncio.Asyncio.sleep;
import static asyncio.Asyncio.yieldNow;
import static asyncio.support.Texts.assertContains;
import static asyncio.support.Texts.assertStartsWith;
import static java.time.Duration.ofDays;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;
import static org.junit.jupiter.api.TestInstance.Lifecycle.PER_CLASS;

import asyncio.Asyncio;
import asyncio.Event;
import asyncio.EventLoop;
import asyncio.Task;
import asyncio.support.Failure;
import asyncio.support.TestRun;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a test on a loop does when it ends well or badly: the classes in here are run by JUnit. */
class AsyncTestTest {
  private static void fails() {
    throw new Failure("lost");
  }

  static class ATaskFails {
    @AsyncTest
    void test() {
      createTask("saver", AsyncTestTest::fails);
      yieldNow();
    }
  }

  @Test
  void aTaskThatFailsAndIsNeverAwaitedFailsTheTestWithItsNameAndItsFailure() {
    Throwable thrown = TestRun.of(ATaskFails.class).failure();
    assertInstanceOf(AssertionError.class, thrown);
    assertContains(thrown.getMessage(), "Task 'saver' failed", "setExceptionHandler");
    assertEquals("lost", thrown.getCause().getMessage());
  }

  static class SeveralFail {
    @AsyncTest
    void test() {
      createTask("first", AsyncTestTest::fails);
      runningLoop().callSoon(AsyncTestTest::fails);
      yieldNow();
    }
  }

  @Test
  void severalAreToldInOneFailure() {
    Throwable thrown = TestRun.of(SeveralFail.class).failure();
    List<String> told = Stream.of(thrown, thrown.getSuppressed()[0])
        .map(Throwable::getMessage)
        .sorted()
        .toList();
    assertTrue(told.get(0).startsWith("A callback of loop '"), told::toString);
    assertTrue(told.get(1).startsWith("Task 'first' failed"), told::toString);
    assertEquals(1, thrown.getSuppressed().length);
  }

  static class TheTestFailsAsWell {
    @AsyncTest
    void test() {
      createTask("saver", AsyncTestTest::fails);
      yieldNow();
      throw new Failure("of the test");
    }
  }

  @Test
  void theTestsOwnFailureHasTheOthersAsSuppressed() {
    Throwable thrown = TestRun.of(TheTestFailsAsWell.class).failure();
    assertEquals("of the test", thrown.getMessage());
    String suppressed = thrown.getSuppressed()[0].getMessage();
    assertContains(suppressed, "Task 'saver' failed");
  }

  static class SomebodyReceivesThem {
    @AsyncTest
    void awaited() {
      Task<?> task = createTask(AsyncTestTest::fails);
      assertThrows(Failure.class, task::await);
    }

    @AsyncTest
    void byAnExceptionHandler() {
      List<String> received = new ArrayList<>();
      runningLoop().setExceptionHandler((loop, context) -> received.add(context.task()));
      createTask("saver", AsyncTestTest::fails);
      createTask("left running", () -> sleep(ofDays(1)));
      yieldNow();
    }
  }

  @Test
  void aFailureThatTheTestReceivesIsNone() {
    TestRun outcome = TestRun.of(SomebodyReceivesThem.class);
    outcome.passed().sort(null);
    outcome.allPassed("awaited()", "byAnExceptionHandler()");
  }

  static class OfOtherKinds {
    @OnLoop
    @ParameterizedTest(name = "{0} days")
    @ValueSource(ints = {1, 2})
    void parameterized(int days) {
      sleep(ofDays(days));
      assertEquals(ofDays(days), runningLoop().time());
    }
  }

  @Test
  void eachInvocationOfAParameterizedTestHasALoop() {
    TestRun.of(OfOtherKinds.class).allPassed("1 days", "2 days");
  }

  static class Repeated {
    @OnLoop
    @RepeatedTest(value = 3, name = "{currentRepetition}")
    void test() {
      sleep(ofDays(1));
      assertEquals(ofDays(1), runningLoop().time());
    }
  }

  @Test
  void eachRepetitionHasALoop() {
    TestRun.of(Repeated.class).allPassed("1", "2", "3");
  }

  static class OneInvocationLosesAFailure {
    @OnLoop
    @ParameterizedTest(name = "{index}")
    @ValueSource(strings = {"awaits", "loses"})
    void test(String what) {
      Task<?> task = createTask(what, AsyncTestTest::fails);
      yieldNow();
      if (what.equals("awaits")) {
        assertThrows(Failure.class, task::await);
      }
    }
  }

  @Test
  void anInvocationThatLosesAFailureFailsAlone() {
    TestRun outcome = TestRun.of(OneInvocationLosesAFailure.class);
    assertContains(outcome.failure().getMessage(), "Task 'loses' failed");
    assertEquals(List.of("1"), outcome.passed());
  }

  @OnLoop
  @TestInstance(PER_CLASS)
  static class AWholeClass {
    private final List<Task<?>> mains = new ArrayList<>();

    @BeforeEach
    void outside() {
      assertThrows(IllegalStateException.class, Asyncio::runningLoop);
    }

    private void isTheMainTaskOfANewLoop() {
      assertEquals(Duration.ZERO, runningLoop().time());
      Task<?> main = currentTask();
      assertEquals(List.of(main), runningLoop().allTasks());
      assertTrue(!mains.contains(main), "another loop than before");
      mains.add(main);
      sleep(ofDays(1));
    }

    @Test
    void plain() {
      isTheMainTaskOfANewLoop();
    }

    @RepeatedTest(value = 2, name = "repeated")
    void repeated() {
      isTheMainTaskOfANewLoop();
    }

    @TestFactory
    Stream<DynamicTest> dynamic() {
      return Stream.of(1, 2).map(number -> dynamicTest("dynamic", this::isTheMainTaskOfANewLoop));
    }

    @Nested
    class Inner {
      @Test
      void nested() {
        isTheMainTaskOfANewLoop();
      }
    }
  }

  static class ItsSubclass extends AWholeClass {}

  @Test
  void onAClassItHoldsForAllItsTestsAndThoseOfItsSubclassesAndNestedClasses() {
    for (Class<?> tests : List.of(AWholeClass.class, ItsSubclass.class)) {
      TestRun outcome = TestRun.of(tests);
      outcome.passed().sort(null);
      outcome.allPassed("dynamic", "dynamic", "nested()", "plain()", "repeated", "repeated");
    }
  }

  @OnLoop(otherThreads = true)
  static class OtherThreadsCallIn {
    private static void aThreadCallsIn() {
      var called = new Event();
      EventLoop loop = runningLoop();
      Thread.ofPlatform().start(() -> loop.callSoonThreadsafe(called::set));
      called.await();
    }

    @Test
    void plain() {
      aThreadCallsIn();
    }

    @TestFactory
    Stream<DynamicTest> dynamic() {
      return Stream.of(dynamicTest("dynamic", OtherThreadsCallIn::aThreadCallsIn));
    }

    @Nested
    class Inner {
      @Test
      void nested() {
        aThreadCallsIn();
      }
    }
  }

  @Test
  void onAClassItSaysForAllThatThreadsCallIn() {
    TestRun outcome = TestRun.of(OtherThreadsCallIn.class);
    outcome.passed().sort(null);
    outcome.allPassed("dynamic", "nested()", "plain()");
  }

  static class MadeATestTwice {
    @AsyncTest
    @ParameterizedTest
    @ValueSource(ints = 1)
    void twice(int number) {}
  }

  @Test
  void bothOnOneMethodIsAnErrorThatNamesTheOther() {
    TestRun outcome = TestRun.of(MadeATestTwice.class);
    assertEquals(List.of(), outcome.passed());
    for (Throwable failure : outcome.failures()) {
      assertStartsWith(failure.getMessage(), "twice() ");
      assertContains(failure.getMessage(), "@OnLoop");
    }
    assertTrue(!outcome.failures().isEmpty());
  }

  static class ItsOwnError {
    static final Throwable THROWN = new Throwable("neither an Exception nor an Error");

    @AsyncTest
    void test() throws Throwable {
      throw THROWN;
    }
  }

  @Test
  void whateverATestThrowsIsItsFailure() {
    assertSame(ItsOwnError.THROWN, TestRun.of(ItsOwnError.class).failure());
  }
}
