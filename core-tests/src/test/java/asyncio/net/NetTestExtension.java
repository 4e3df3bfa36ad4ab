package asyncio.net;

import asyncio.ConnectOptions;
import asyncio.net.Loopback.Pair;
import java.lang.reflect.Method;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.InvocationInterceptor;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.jupiter.api.extension.ReflectiveInvocationContext;

/** Runs tests on a {@link Loopback}; see {@link NetTest}. */
final class NetTestExtension implements ParameterResolver, InvocationInterceptor {
  @Override
  public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
    Class<?> type = parameter.getParameter().getType();
    return type == Loopback.class || type == Pair.class;
  }

  /** Parameters are made before there is a loop, so pairs are connected later. */
  @Override
  public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
    return parameter.getParameter().getType() == Pair.class ? new Pair() : new Loopback();
  }

  @Override
  public void interceptTestMethod(
      Invocation<@Nullable Void> invocation,
      ReflectiveInvocationContext<Method> method,
      ExtensionContext context)
      throws Throwable {
    Loopback here =
        allOf(Loopback.class, method).stream().findFirst().orElseGet(() -> new Loopback());
    here.run(() -> withPairs(allOf(Pair.class, method), invocation));
  }

  private static <T> List<T> allOf(Class<T> type, ReflectiveInvocationContext<Method> method) {
    return method.getArguments().stream()
        .filter(type::isInstance)
        .map(type::cast)
        .toList();
  }

  private static void withPairs(List<Pair> left, Invocation<@Nullable Void> invocation)
      throws Exception {
    if (left.isEmpty()) {
      proceed(invocation);
      return;
    }
    Pair pair = left.getFirst();
    pair.open(ConnectOptions.defaults());
    try (pair) {
      withPairs(left.subList(1, left.size()), invocation);
    }
  }

  private static void proceed(Invocation<@Nullable Void> invocation) throws Exception {
    try {
      invocation.proceed();
    } catch (Exception | Error thrown) {
      throw thrown;
    } catch (Throwable thrown) {
      throw new AssertionError(thrown);
    }
  }
}
