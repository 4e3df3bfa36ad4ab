package asyncio.internal.scheduler;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** The states of the one word, by one thread; its races are in the jcstress module. */
class InboxTest {
  private int wakes;
  private int unparks;
  private final Inbox inbox = new Inbox(() -> wakes++, () -> unparks++);
  private final Step first = LoopAction.of(() -> {});
  private final Step second = LoopAction.of(() -> {});

  @Test
  void givesStepsOldestFirst() {
    inbox.add(first);
    inbox.add(second);
    assertFalse(inbox.isEmpty());
    Step taken = inbox.takeAll();
    assertSame(first, taken);
    assertSame(second, taken.next);
    assertNull(second.next);
    assertTrue(inbox.isEmpty());
  }

  @Test
  void anAwakeLoopIsNotWoken() {
    inbox.add(first);
    assertEquals(0, wakes);
  }

  @Test
  void aSleepingLoopIsWokenByTheFirstSenderAlone() {
    assertTrue(inbox.prepareToSleep());
    inbox.add(first);
    inbox.add(second);
    assertEquals(1, wakes);
  }

  @Test
  void aLoopThatHoldsAStepOpenIsUnparkedByTheFirstSenderAlone() {
    assertTrue(inbox.prepareToHold());
    assertTrue(inbox.isEmpty());
    inbox.add(first);
    inbox.add(second);
    assertEquals(1, unparks);
    assertEquals(0, wakes);
    assertSame(first, inbox.takeAll());
    assertTrue(inbox.prepareToHold());
    assertNull(inbox.takeAll());
    inbox.add(first);
    assertEquals(1, unparks);
  }

  @Test
  void aLoopWithSomethingLeftMayNotSleep() {
    inbox.add(first);
    assertFalse(inbox.prepareToSleep());
    assertFalse(inbox.prepareToHold());
  }

  @Test
  void takingEndsTheSleepThoughNothingWasLeft() {
    assertTrue(inbox.prepareToSleep());
    assertNull(inbox.takeAll());
    inbox.add(first);
    assertEquals(0, wakes);
  }

  @Test
  void aClosedInboxGivesWhatWasLeftAndRefusesTheRest() {
    inbox.add(first);
    assertSame(first, inbox.close());
    assertFalse(inbox.add(second));
    assertEquals(0, wakes);
  }
}
