package asyncio.internal.util;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class StacksTest {
  @Test
  void aFrameOfTheJdkIsNotTheUsers() {
    assertFalse(Stacks.isUsers(frame("java.base", "java.lang.Thread")));
    assertFalse(Stacks.isUsers(frame("jdk.httpserver", "com.sun.net.httpserver.HttpServer")));
    assertFalse(Stacks.isUsers(frame("java.naming", "javax.naming.InitialContext")));
  }

  @Test
  void aLibraryInAPackageThatTheJdkUsesTooIsTheUsers() {
    assertTrue(Stacks.isUsers(frame(null, "javax.inject.Injected")));
    assertTrue(Stacks.isUsers(frame(null, "com.sun.mail.smtp.SMTPTransport")));
  }

  @Test
  void aFrameOfThisLibraryIsNotTheUsers() {
    assertFalse(Stacks.isUsers(frame(null, "asyncio.EventLoop")));
    assertTrue(Stacks.isUsers(frame(null, "asyncio.of.Somebody")));
  }

  private static StackTraceElement frame(@Nullable String module, String type) {
    return new StackTraceElement("app", module, null, type, "method", "File.java", 1);
  }
}
