package asyncio.conformance;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * The tests of CPython's asyncio whose behaviour a test asserts, by the names of {@code
 * conformance/names.txt}. What such a test covers it asserts in full: the line that names the
 * behaviour, not only its happy half. {@code ./asyncio conformance} runs these tests and compares.
 */
@Documented
@Target(ElementType.METHOD)
@Retention(RetentionPolicy.RUNTIME)
@Tag("conformance")
@ExtendWith(CoversRecorder.class)
public @interface Covers {
  String[] value();
}
