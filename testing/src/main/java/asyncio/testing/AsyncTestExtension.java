package asyncio.testing;

import static org.junit.platform.commons.support.AnnotationSupport.findAnnotation;
import static org.junit.platform.commons.support.AnnotationSupport.isAnnotated;

import asyncio.Action;
import java.lang.reflect.Method;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestTemplate;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.DynamicTestInvocationContext;
import org.junit.jupiter.api.extension.ExtensionConfigurationException;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.InvocationInterceptor;
import org.junit.jupiter.api.extension.ReflectiveInvocationContext;

/** Runs tests as main tasks; see {@link AsyncTest} and {@link OnLoop}. */
final class AsyncTestExtension implements BeforeEachCallback, InvocationInterceptor {
  /** JUnit would run such a method once as a plain test, for which nothing fills its parameters. */
  @Override
  public void beforeEach(ExtensionContext context) {
    Method method = context.getRequiredTestMethod();
    if (isAnnotated(method, AsyncTest.class)
        && (isAnnotated(method, TestTemplate.class) || isAnnotated(method, TestFactory.class))) {
      throw new ExtensionConfigurationException(method.getName()
          + "() is declared a test twice: by @AsyncTest, and by @ParameterizedTest,"
          + " @RepeatedTest or the like. Replace @AsyncTest with @OnLoop, and keep the other.");
    }
  }

  @Override
  public void interceptTestMethod(
      Invocation<@Nullable Void> invocation,
      ReflectiveInvocationContext<Method> invocationContext,
      ExtensionContext extensionContext)
      throws Throwable {
    run(invocation, extensionContext);
  }

  @Override
  public void interceptTestTemplateMethod(
      Invocation<@Nullable Void> invocation,
      ReflectiveInvocationContext<Method> invocationContext,
      ExtensionContext extensionContext)
      throws Throwable {
    run(invocation, extensionContext);
  }

  @Override
  public void interceptDynamicTest(
      Invocation<@Nullable Void> invocation,
      DynamicTestInvocationContext invocationContext,
      ExtensionContext extensionContext)
      throws Throwable {
    run(invocation, extensionContext);
  }

  private static void run(Invocation<@Nullable Void> invocation, ExtensionContext context)
      throws Throwable {
    var clock = new VirtualClock();
    if (otherThreads(context)) {
      clock = clock.withOtherThreads();
    }
    var unreceived = new UnreceivedFailures();
    Throwable[] strange = new Throwable[1];
    Action<Exception> main = () -> {
      try {
        invocation.proceed();
      } catch (Exception | Error thrown) {
        throw thrown;
      } catch (Throwable thrown) {
        strange[0] = thrown;
      }
    };
    try {
      VirtualTime.run(clock, unreceived, main);
      if (strange[0] != null) {
        throw strange[0];
      }
    } catch (Throwable thrown) {
      unreceived.addTo(thrown);
      throw thrown;
    }
    unreceived.check();
  }

  /**
   * The nearest annotation decides. The context of a dynamic test knows neither method nor class.
   */
  private static boolean otherThreads(ExtensionContext context) {
    Optional<Boolean> chosen = Optional.empty();
    Optional<ExtensionContext> where = Optional.of(context);
    while (chosen.isEmpty() && where.isPresent()) {
      chosen = where
          .flatMap(ExtensionContext::getElement)
          .flatMap(element -> findAnnotation(element, AsyncTest.class)
              .map(AsyncTest::otherThreads)
              .or(() -> findAnnotation(element, OnLoop.class).map(OnLoop::otherThreads)));
      where = where.flatMap(ExtensionContext::getParent);
    }
    return chosen.orElse(false);
  }
}
