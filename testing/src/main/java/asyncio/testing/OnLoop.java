package asyncio.testing;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Runs a test as the main task of an event loop of its own, as {@link AsyncTest} does. It stands
 * beside the annotation that makes the method a test, of whatever kind; each invocation has a loop.
 *
 * <pre>{@code
 * @OnLoop
 * @ParameterizedTest
 * @ValueSource(ints = {1, 10, 100})
 * void sleepsForDays(int days) {
 *   sleep(ofDays(days));
 *   assertEquals(ofDays(days), runningLoop().time());
 * }
 * }</pre>
 *
 * <p>On a class it holds for all tests of the class, of its subclasses and of its nested classes,
 * dynamic tests included.
 */
@Documented
@Inherited
@Target({ElementType.TYPE, ElementType.METHOD})
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(AsyncTestExtension.class)
public @interface OnLoop {
  /**
   * As {@link AsyncTest#otherThreads}. The nearest annotation decides: that of a method, then that
   * of its class.
   */
  boolean otherThreads() default false;
}
