/** Helpers for tests, in a module. */
module com.example.kit {
  requires transitive asyncio.testing;
}
