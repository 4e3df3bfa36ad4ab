package asyncio.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import org.junit.jupiter.api.Test;

class ProfilerTest {
  @Test
  void theLibraryFitsTheMachine() throws IOException {
    assertEquals("linux-x64/libasyncProfiler.so", Profiler.resource("Linux", "amd64"));
    assertEquals("linux-arm64/libasyncProfiler.so", Profiler.resource("Linux", "aarch64"));
    assertEquals("macos/libasyncProfiler.so", Profiler.resource("Mac OS X", "aarch64"));
  }

  @Test
  void withoutALibraryTheMachineIsNamed() {
    var refused = assertThrows(IOException.class, () -> Profiler.resource("Windows 11", "amd64"));
    assertEquals("async-profiler is not available for Windows 11 on amd64", refused.getMessage());
  }
}
