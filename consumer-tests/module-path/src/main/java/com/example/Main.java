package com.example;

import static asyncio.Asyncio.carrier;
import static asyncio.Asyncio.gather;
import static asyncio.Asyncio.run;
import static asyncio.Asyncio.sleep;

import java.time.Duration;
import java.util.List;

/** Adds up what coroutines return, and fails if it runs on another carrier than it was told. */
public final class Main {
  private Main() {}

  static int later(int number) {
    sleep(Duration.ofMillis(number));
    return number;
  }

  static int sum() {
    List<Integer> numbers = gather(() -> later(3), () -> later(1), () -> later(2));
    return numbers.stream().mapToInt(Integer::intValue).sum();
  }

  /** Expects the name of the carrier. */
  public static void main(String[] arguments) {
    String answer = run(() -> carrier() + " " + sum());
    String expected = arguments[0] + " 6";
    if (!answer.equals(expected)) {
      throw new AssertionError("expected '" + expected + "', got '" + answer + "'");
    }
  }
}
