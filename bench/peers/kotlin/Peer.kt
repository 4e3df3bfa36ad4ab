/** The benchmarks' work in Kotlin's coroutines on one thread: PeerKt WORK SIZE SECONDS WARM_UP prints nanoseconds (or bytes) for each element. */

import java.lang.management.ManagementFactory
import kotlin.random.Random
import kotlin.time.Duration
import kotlin.time.Duration.Companion.hours
import kotlin.time.Duration.Companion.seconds
import kotlin.time.TimeSource
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.cancelChildren
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import kotlinx.coroutines.yield

const val TIMES = 100_000

suspend fun switch(size: Int) = coroutineScope {
  repeat(size) {
    launch { repeat(TIMES / size) { yield() } }
  }
}

suspend fun spawn() = coroutineScope {
  var sum = 0L
  for (i in 0 until TIMES) sum += async { i }.await()
  check(sum == TIMES * (TIMES - 1L) / 2)
}

suspend fun queue() = coroutineScope {
  val items = Channel<Int>(1)
  launch { repeat(TIMES) { items.receive() } }
  repeat(TIMES) { items.send(1) }
}

suspend fun unboundedQueue() = coroutineScope {
  val there = Channel<Int>(Channel.UNLIMITED)
  val back = Channel<Int>(Channel.UNLIMITED)
  suspend fun pass(from: Channel<Int>, to: Channel<Int>) = repeat(TIMES / 2) { to.send(from.receive()) }
  launch { pass(there, back) }
  there.send(1)
  pass(back, there)
}

/** Delays of one to two hours at random, so that a timer lands anywhere among the others. */
val delays: List<Duration> = Random(1).let { random -> List(10_000) { 1.hours + 1.hours * random.nextDouble() } }

/** A timer can't be had without a coroutine: this is the time limit that does not expire. */
suspend fun timers() {
  for (i in 0 until TIMES) {
    withTimeout(delays[i % delays.size]) {}
    if (i % 1000 == 0) yield()
  }
}

suspend fun gather(size: Int) = coroutineScope {
  repeat(TIMES / size) {
    check(List(size) { async { 1 } }.awaitAll().size == size)
  }
}

suspend fun memory(size: Int, sleep: Duration): Double = coroutineScope {
  fun used(): Long {
    repeat(2) { System.gc() }
    return ManagementFactory.getMemoryMXBean().heapMemoryUsage.used
  }
  val before = used()
  val tasks = List(size) { launch { delay(sleep) } }
  yield()
  yield()
  val after = used()
  check(tasks.all { it.isActive })
  coroutineContext.cancelChildren()
  (after - before).toDouble() / size
}

suspend fun measure(time: Duration, warmUp: Duration, work: suspend () -> Unit): Double {
  suspend fun repeatedly(time: Duration): Double {
    var rounds = 0
    val begin = TimeSource.Monotonic.markNow()
    do {
      work()
      rounds++
    } while (begin.elapsedNow() < time)
    return begin.elapsedNow().inWholeNanoseconds.toDouble() / rounds / TIMES
  }
  repeatedly(warmUp)
  return repeatedly(time)
}

suspend fun CoroutineScope.work(name: String, size: Int, time: Duration, warmUp: Duration): Double =
  when (name) {
    "switch" -> measure(time, warmUp) { switch(size) }
    "spawn" -> measure(time, warmUp) { spawn() }
    "queue" -> measure(time, warmUp) { if (size == 1) queue() else unboundedQueue() }
    "timers" -> {
      repeat(size) { i -> launch { delay(delays[i % delays.size]) } }
      yield()
      measure(time, warmUp) { timers() }.also { coroutineContext.cancelChildren() }
    }
    "gather" -> measure(time, warmUp) { gather(size) }
    "memory" -> memory(size, time)
    else -> error("there is no work $name")
  }

fun main(arguments: Array<String>) {
  val (time, warmUp) = arguments.drop(2).map { it.toDouble().seconds }
  println(runBlocking { work(arguments[0], arguments[1].toInt(), time, warmUp) })
}
