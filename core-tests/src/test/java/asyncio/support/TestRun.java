package asyncio.support;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;
import static org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder.request;

import java.util.ArrayList;
import java.util.List;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherFactory;

/** How the tests of a class end when JUnit runs them inside a test. */
public final class TestRun implements TestExecutionListener {
  private final List<String> passed = new ArrayList<>();
  private final List<Throwable> failures = new ArrayList<>();

  private TestRun() {}

  public static TestRun of(Class<?> tests) {
    var run = new TestRun();
    LauncherFactory.create().execute(request().selectors(selectClass(tests)).build(), run);
    return run;
  }

  @Override
  public void executionFinished(TestIdentifier test, TestExecutionResult result) {
    result.getThrowable().ifPresent(failures::add);
    if (test.isTest() && result.getStatus() == TestExecutionResult.Status.SUCCESSFUL) {
      passed.add(test.getDisplayName());
    }
  }

  /** The names of the tests that passed. */
  public List<String> passed() {
    return passed;
  }

  public List<Throwable> failures() {
    return failures;
  }

  /** The only failure; fails if there is none, or another. */
  public Throwable failure() {
    assertEquals(1, failures.size(), () -> "passed: " + passed + ", failed: " + failures);
    return failures.getFirst();
  }

  /** Fails unless these tests, and no others, have run and passed, in this order. */
  public void allPassed(String... names) {
    assertEquals(List.of(), failures);
    assertEquals(List.of(names), passed);
  }
}
