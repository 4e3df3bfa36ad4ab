package asyncio.net;

import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.runningLoop;
import static asyncio.Asyncio.sleep;
import static asyncio.Asyncio.yieldNow;
import static asyncio.support.Texts.assertContains;
import static asyncio.support.Texts.assertEndsWith;
import static java.time.Duration.ofHours;
import static java.time.Duration.ofSeconds;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;

import asyncio.internal.net.AcceptTrouble;
import asyncio.internal.scheduler.Current;
import asyncio.support.CapturedLog;
import asyncio.support.Reports;
import asyncio.testing.AsyncTest;
import java.io.IOException;
import java.time.Duration;
import java.util.List;

/** What a server tells of hours without descriptors, by the virtual clock. */
class AcceptTroubleTest {
  private static final Duration RETRY = ofSeconds(1);

  private final IOException noDescriptors = new IOException("Too many open files");

  private AcceptTrouble trouble() {
    return new AcceptTrouble(Current.require("new AcceptTrouble()"), "127.0.0.1:80");
  }

  /** Lines of the log are for loops without an exception handler, which a test's loop has. */
  private static void withoutAHandler() {
    runningLoop().setExceptionHandler(null);
  }

  private void fail(AcceptTrouble trouble) {
    trouble.failed(noDescriptors, RETRY, "server", List.of());
    sleep(RETRY);
  }

  private void failFor(AcceptTrouble trouble, Duration duration) {
    for (long i = 0; i < duration.toSeconds(); i++) {
      fail(trouble);
    }
  }

  @AsyncTest
  void itIsALineWithoutAStackAndMoreAfterGrowingGaps() {
    withoutAHandler();
    try (var log = new CapturedLog("asyncio.net")) {
      var trouble = trouble();
      fail(trouble);
      var first = log.records().getFirst();
      assertContains(first.getMessage(), "127.0.0.1:80 failed", "(Too many open files)");
      assertEquals(1, first.getMessage().lines().count());
      assertNull(first.getThrown());
      failFor(trouble, ofSeconds(9));
      assertEquals(1, log.records().size());
      fail(trouble); // after 10, 30, 70, 150, 310, 630, 1270, 2550, 5110 s
      assertEquals(2, log.records().size());
      String second = log.messages().getLast();
      assertContains(second, "has failed for 10 s (11 attempts)");
      failFor(trouble, ofSeconds(19));
      assertEquals(2, log.records().size());
      fail(trouble);
      assertEquals(3, log.records().size());
      failFor(trouble, ofHours(2));
      assertEquals(10, log.records().size());
      failFor(trouble, ofHours(10)); // then each hour
      assertEquals(20, log.records().size());
      trouble.close();
    }
  }

  @AsyncTest
  void oneLineTellsWhenItIsOver() {
    withoutAHandler();
    try (var log = new CapturedLog("asyncio.net")) {
      var trouble = trouble();
      trouble.accepted();
      failFor(trouble, ofSeconds(5));
      trouble.accepted();
      sleep(ofSeconds(4));
      fail(trouble); // one client had left
      trouble.accepted();
      trouble.accepted();
      assertEquals(1, log.records().size());
      sleep(ofSeconds(60));
      assertEquals(2, log.records().size());
      String over = log.messages().getLast();
      assertContains(over, "works again; it failed for 9 s (6 attempts)");
      fail(trouble); // another time
      assertEquals(3, log.records().size());
      trouble.accepted();
      sleep(ofSeconds(60));
      over = log.messages().getLast();
      assertEndsWith(over, "works again after 1 failed attempt.");
      fail(trouble); // and another
      trouble.accepted();
      trouble.close();
      sleep(ofSeconds(60));
      assertEquals(5, log.records().size());
    }
  }

  @AsyncTest
  void anExceptionHandlerHearsOfItInstead() {
    var reports = new Reports();
    runningLoop().setExceptionHandler(reports);
    try (var log = new CapturedLog("asyncio.net")) {
      var trouble = trouble();
      failFor(trouble, ofSeconds(10));
      assertSame(noDescriptors, reports.only().exception());
      assertEquals("server", reports.only().task());
      assertEquals(List.of(), log.messages());
      trouble.close();
    }
  }

  @AsyncTest
  void newTroubleInTheTurnInWhichTheOldWouldBeOverIsStillTheOld() {
    withoutAHandler();
    try (var log = new CapturedLog("asyncio.net")) {
      var trouble = trouble();
      fail(trouble);
      var again = createTask(() -> sleepAndFail(trouble, ofSeconds(10))); // wakes first
      yieldNow();
      trouble.accepted();
      again.await();
      yieldNow();
      for (String message : log.messages()) {
        assertFalse(message.contains("works again after"), message);
      }
      trouble.close();
    }
  }

  private void sleepAndFail(AcceptTrouble trouble, Duration when) {
    sleep(when);
    trouble.failed(noDescriptors, RETRY, "server", List.of());
  }
}
