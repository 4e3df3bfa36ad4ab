package com.example;

import static asyncio.Asyncio.carrier;
import static asyncio.Asyncio.createTask;
import static asyncio.Asyncio.runningLoop;
import static asyncio.Asyncio.yieldNow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import asyncio.Asyncio;
import asyncio.CarrierKind;
import asyncio.testing.AsyncTest;
import asyncio.testing.OnLoop;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;

class MainTest {
  @Test
  void theProjectHasItsOwnJUnit() {
    String junit = Test.class.getPackage().getImplementationVersion();
    assertEquals(System.getProperty("version.junit"), junit);
  }

  @Test
  void theLibraryIsAModuleAndTheTestKitIsOnTheClassPath() {
    assertEquals("com.example", Main.class.getModule().getName());
    assertEquals("asyncio", Asyncio.class.getModule().getName());
    assertFalse(AsyncTest.class.getModule().isNamed());
  }

  @AsyncTest
  void aTestIsACoroutineAndTimeIsVirtual() {
    assertEquals(CarrierKind.MOUNTED, carrier());
    assertEquals(6, Main.sum());
    assertEquals(Duration.ofMillis(3), runningLoop().time());
  }

  @OnLoop
  @ParameterizedTest
  @ValueSource(ints = {1, 1_000_000})
  void aParameterizedTestIsOneAsWell(int number) {
    assertEquals(number, Main.later(number));
    assertEquals(Duration.ofMillis(number), runningLoop().time());
  }

  static class Loses {
    @AsyncTest
    void aFailure() {
      createTask("saver", () -> {
        throw new IllegalStateException("disk full");
      });
      yieldNow();
    }
  }

  @Test
  void aFailureThatNobodyReceivesFailsItsTest() {
    var summary = new SummaryGeneratingListener();
    LauncherFactory.create()
        .execute(
            LauncherDiscoveryRequestBuilder.request()
                .selectors(selectClass(Loses.class))
                .build(),
            summary);
    var text = new StringWriter();
    summary.getSummary().printFailuresTo(new PrintWriter(text, true));
    assertTrue(text.toString().contains("Task 'saver' failed"), text::toString);
    assertTrue(text.toString().contains("disk full"), text::toString);
  }
}
