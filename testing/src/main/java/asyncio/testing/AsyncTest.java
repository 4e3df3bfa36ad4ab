package asyncio.testing;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Marks a test method that runs as the main task of its own event loop, with a {@link
 * VirtualClock}. Methods that run before and after it run outside the loop.
 *
 * <pre>{@code
 * @AsyncTest
 * void sleepsForADay() {
 *   sleep(ofDays(1));
 *   assertEquals(ofDays(1), runningLoop().time());
 * }
 * }</pre>
 *
 * <p>The test also fails when a task or a callback failed and nobody received the failure, with
 * that failure as the cause. A test that expects one receives it: by awaiting the task, or through
 * an {@linkplain asyncio.EventLoop#setExceptionHandler exception handler} of its own.
 *
 * <p>{@link OnLoop} does the same for parameterized and repeated tests, and for whole classes.
 */
@Documented
@Target({ElementType.METHOD, ElementType.ANNOTATION_TYPE})
@Retention(RetentionPolicy.RUNTIME)
@Test
@ExtendWith(AsyncTestExtension.class)
public @interface AsyncTest {
  /**
   * Whether threads of the test call into the loop, so that a loop that has nothing to do waits for
   * them; see {@link VirtualClock#withOtherThreads}.
   */
  boolean otherThreads() default false;
}
