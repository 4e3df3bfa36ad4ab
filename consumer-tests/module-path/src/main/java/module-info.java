/** A program that is a module. */
module com.example {
  requires asyncio;
}
