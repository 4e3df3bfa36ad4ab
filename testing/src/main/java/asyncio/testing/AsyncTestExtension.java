package asyncio.testing;

import asyncio.Action;
import java.lang.reflect.Method;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.InvocationInterceptor;
import org.junit.jupiter.api.extension.ReflectiveInvocationContext;
import org.junit.platform.commons.support.AnnotationSupport;

/** Runs a test method as a main task; see {@link AsyncTest}. */
final class AsyncTestExtension implements InvocationInterceptor {
  @Override
  public void interceptTestMethod(
      Invocation<@Nullable Void> invocation,
      ReflectiveInvocationContext<Method> invocationContext,
      ExtensionContext extensionContext)
      throws Throwable {
    var clock = new VirtualClock();
    if (AnnotationSupport.findAnnotation(invocationContext.getExecutable(), AsyncTest.class)
        .filter(AsyncTest::otherThreads)
        .isPresent()) {
      clock = clock.withOtherThreads();
    }
    Throwable[] failure = new Throwable[1];
    VirtualTime.run(
        clock,
        (Action<Exception>)
            () -> {
              try {
                invocation.proceed();
              } catch (Exception | Error thrown) {
                throw thrown;
              } catch (Throwable strange) {
                failure[0] = strange;
              }
            });
    if (failure[0] != null) {
      throw failure[0];
    }
  }
}
