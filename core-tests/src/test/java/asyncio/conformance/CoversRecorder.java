package asyncio.conformance;

import asyncio.Asyncio;
import asyncio.conformance.Conformance.Outcome;
import asyncio.conformance.Conformance.Result;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.TestWatcher;

/**
 * Writes down how tests with {@link Covers} end, for {@link Conformance}; only when it is told
 * where, by the system property asyncio.conformance.
 */
final class CoversRecorder implements TestWatcher {
  @Override
  public void testSuccessful(ExtensionContext context) {
    record(context, Outcome.PASSED);
  }

  @Override
  public void testFailed(ExtensionContext context, Throwable cause) {
    record(context, Outcome.FAILED);
  }

  @Override
  public void testAborted(ExtensionContext context, Throwable cause) {
    record(context, Outcome.SKIPPED);
  }

  @Override
  public void testDisabled(ExtensionContext context, Optional<String> reason) {
    record(context, Outcome.SKIPPED);
  }

  private static void record(ExtensionContext context, Outcome outcome) {
    String file = System.getProperty("asyncio.conformance");
    if (file == null) {
      return;
    }
    var method = context.getRequiredTestMethod();
    String test = method.getDeclaringClass().getName() + "." + method.getName();
    String carrier = Asyncio.carrier().name().toLowerCase();
    List<String> lines = Arrays.stream(method.getAnnotation(Covers.class).value())
        .map(name -> new Result(carrier, name, test, outcome).line())
        .toList();
    try {
      Files.createDirectories(Path.of(file).toAbsolutePath().getParent());
      Files.write(Path.of(file), lines, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
