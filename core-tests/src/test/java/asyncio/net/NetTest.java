package asyncio.net;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * A test that {@link Loopback} runs as the main task of a loop with real sockets. It may take the
 * Loopback as its parameter, and {@linkplain Loopback.Pair pairs}, which are connected when it
 * begins and closed when it has ended.
 */
@Target(ElementType.METHOD)
@Retention(RetentionPolicy.RUNTIME)
@Test
@ExtendWith(NetTestExtension.class)
@interface NetTest {}
