package com.example;

import static asyncio.Asyncio.runningLoop;
import static asyncio.Asyncio.sleep;

import asyncio.testing.VirtualTime;
import java.time.Duration;

/** A helper for tests. */
final class OnAnyDay {
  private OnAnyDay() {}

  static void passDays(int days) {
    sleep(Duration.ofDays(days));
  }

  static Duration timeAfter(int days) {
    return VirtualTime.run(() -> {
      passDays(days);
      return runningLoop().time();
    });
  }
}
