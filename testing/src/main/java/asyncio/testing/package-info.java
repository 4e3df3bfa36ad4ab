/** Support for testing asyncio code: virtual time, and test methods that are coroutines. */
package asyncio.testing;
