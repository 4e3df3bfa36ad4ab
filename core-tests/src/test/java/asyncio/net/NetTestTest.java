package asyncio.net;

import static asyncio.Asyncio.runningLoop;
import static asyncio.Asyncio.yieldNow;
import static asyncio.support.Texts.assertContains;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import asyncio.net.Loopback.Pair;
import asyncio.support.Failure;
import asyncio.support.TestRun;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a {@link NetTest} gets, and what fails it: the classes in here are run by JUnit. */
class NetTestTest {
  private static final List<Pair> SEEN = new ArrayList<>();

  @BeforeEach
  void forget() {
    SEEN.clear();
  }

  static class TakesTwoPairs {
    @NetTest
    void test(Pair one, Loopback here, Pair two) throws Exception {
      SEEN.addAll(List.of(one, two));
      assertEquals(2, here.openHandlesSoon(2));
      one.peer().getOutputStream().write('1');
      two.peer().getOutputStream().write('2');
      assertEquals('1', one.reader().readExactly(1)[0]);
      assertEquals('2', two.reader().readExactly(1)[0]);
    }
  }

  @Test
  void itsPairsAreConnectedAndClosedWhenItHasEnded() {
    TestRun.of(TakesTwoPairs.class).allPassed("test(Pair, Loopback, Pair)");
    for (Pair pair : SEEN) {
      assertTrue(pair.peer().isClosed());
    }
  }

  static class Fails {
    @NetTest
    void test(Pair pair) {
      SEEN.add(pair);
      throw new Failure("of the test");
    }
  }

  @Test
  void itsFailureIsThatOfTheTestAndItsPairIsClosed() {
    Throwable thrown = TestRun.of(Fails.class).failure();
    assertInstanceOf(Failure.class, thrown);
    assertEquals("of the test", thrown.getMessage());
    assertTrue(SEEN.getFirst().peer().isClosed());
  }

  static class LosesAFailure {
    @NetTest
    void test() {
      runningLoop().callSoon(() -> {
        throw new Failure("lost");
      });
      yieldNow();
    }
  }

  @Test
  void aReportThatItDoesNotTakeFailsIt() {
    Throwable thrown = TestRun.of(LosesAFailure.class).failure();
    assertContains(thrown.getMessage(), "failures that the test does not expect", "lost");
  }

  static class TakesItsReport {
    @NetTest
    void test(Loopback here) {
      new LosesAFailure().test();
      assertEquals("lost", here.takeReport().exception().getMessage());
    }
  }

  @Test
  void aReportThatItTakesDoesNot() {
    TestRun.of(TakesItsReport.class).allPassed("test(Loopback)");
  }
}
