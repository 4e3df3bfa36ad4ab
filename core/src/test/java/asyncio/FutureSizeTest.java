package asyncio;

import static org.junit.jupiter.api.Assertions.assertEquals;

import asyncio.internal.task.TaskFiber;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import org.junit.jupiter.api.Test;

/**
 * A million tasks fit into memory because each is small; what reports want to know goes where it
 * costs nothing while nobody asks. Counted by the fields, as a JVM with compressed references lays
 * them out: no gap is left that a field fits into.
 */
class FutureSizeTest {
  private static final int HEADER = 12;
  private static final int ALIGNMENT = 8;

  private static int size(Class<?> type) {
    int bytes = HEADER;
    for (Class<?> level = type; level != null; level = level.getSuperclass()) {
      for (Field field : level.getDeclaredFields()) {
        if (!Modifier.isStatic(field.getModifiers())) {
          bytes += size(field);
        }
      }
    }
    return Math.ceilDiv(bytes, ALIGNMENT) * ALIGNMENT;
  }

  private static int size(Field field) {
    Class<?> type = field.getType();
    if (type == long.class || type == double.class) {
      return Long.BYTES;
    }
    return type == boolean.class || type == byte.class ? 1 : Integer.BYTES;
  }

  @Test
  void debugModeMakesNoFutureLarger() {
    assertEquals(32, size(Future.class));
  }

  @Test
  void debugModeMakesNoTaskLarger() {
    assertEquals(128, size(Task.class) + size(TaskFiber.class));
  }
}
