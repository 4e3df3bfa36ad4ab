/**
 * Tests of asyncio code with JUnit: test methods that are coroutines ({@link
 * asyncio.testing.AsyncTest}, {@link asyncio.testing.OnLoop}), and time that jumps ({@link
 * asyncio.testing.VirtualClock}).
 */
package asyncio.testing;
