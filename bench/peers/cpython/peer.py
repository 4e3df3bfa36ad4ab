"""The benchmarks' work in asyncio: peer.py WORK SIZE SECONDS [uvloop] prints nanoseconds (or bytes) for each element."""

import asyncio
import gc
import importlib
import os
import random
import subprocess
import sys
import time


async def switch(size):
    times = 20_000 // size

    async def task():
        for _ in range(times):
            await asyncio.sleep(0)

    await asyncio.gather(*[task() for _ in range(size)])
    return times * size


async def spawn(_):
    async def number(i):
        return i

    for i in range(5_000):
        await asyncio.create_task(number(i))
    return 5_000


async def hand_over(items):
    async def take():
        for _ in range(5_000):
            await items.get()

    consumer = asyncio.create_task(take())
    for i in range(5_000):
        await items.put(i & 127)
    await consumer


async def queue(size):
    async def hand(source, target, times):
        for _ in range(times):
            await target.put(await source.get())

    if size == 1:
        await hand_over(asyncio.Queue(1))
    else:
        there, back = asyncio.Queue(), asyncio.Queue()
        other = asyncio.create_task(hand(there, back, 2_500))
        await there.put(1)
        await hand(back, there, 2_500)
        await other
    return 5_000


async def through(items):
    if items.maxsize == 1:
        await hand_over(items)
    else:
        for _ in range(5):
            for i in range(1_000):
                await items.put((i * 37) & 127)
            for _ in range(1_000):
                await items.get()
    return 5_000


async def fifo(size):
    return await through(asyncio.Queue(size))


async def lifo(size):
    return await through(asyncio.LifoQueue(size))


async def priority(size):
    return await through(asyncio.PriorityQueue(size))


async def lock(_):
    shared = asyncio.Lock()

    async def turns():
        for _ in range(2_500):
            async with shared:
                await asyncio.sleep(0)

    other = asyncio.create_task(turns())
    await turns()
    await other
    return 5_000


async def semaphore(_):
    async def hand(take, give):
        for _ in range(2_500):
            await take.acquire()
            give.release()

    one, two = asyncio.Semaphore(1), asyncio.Semaphore(0)
    other = asyncio.create_task(hand(two, one))
    await hand(one, two)
    await other
    return 5_000


async def condition(_):
    shared = asyncio.Condition()
    turn = 0

    async def alternate(mine):
        nonlocal turn
        async with shared:
            for _ in range(2_500):
                await shared.wait_for(lambda: turn % 2 == mine)
                turn += 1
                shared.notify()

    other = asyncio.create_task(alternate(1))
    await alternate(0)
    await other
    return turn


delays = []


async def timers(size):
    loop = asyncio.get_running_loop()
    if not delays:
        randomly = random.Random(1)
        delays.extend(randomly.uniform(3600, 7200) for _ in range(10_000))
        for i in range(size):
            loop.call_later(delays[i % 10_000], nothing)
    for i in range(10_000):
        loop.call_later(delays[i], nothing).cancel()
        if i % 1000 == 0:
            await asyncio.sleep(0)
    return 10_000


def nothing():
    pass


async def gather(size):
    for _ in range(100_000 // size):
        await asyncio.gather(*[number() for _ in range(size)])
    return 100_000


async def number():
    return 1


async def wait(size):
    for _ in range(100_000 // size):
        await asyncio.wait([asyncio.create_task(number()) for _ in range(size)])
    return 100_000


async def as_completed(size):
    for _ in range(100_000 // size):
        for task in asyncio.as_completed([asyncio.create_task(number()) for _ in range(size)]):
            await task
    return 100_000


async def measure(work, size, seconds):
    await work(size)
    done = 0
    begin = time.perf_counter()
    while (taken := time.perf_counter() - begin) < seconds:
        done += await work(size)
    return taken / done * 1e9


def resident():
    """Kilobytes of the process that are in memory. (Not ru_maxrss: it begins with the size of the process that started this one.)"""
    try:
        with open("/proc/self/status") as status:
            return int(status.read().split("VmRSS:")[1].split()[0])
    except FileNotFoundError:
        return int(subprocess.check_output(["ps", "-o", "rss=", "-p", str(os.getpid())]))


async def memory(size, seconds):
    """Bytes of a sleeping task, by the growth of the process, which has no smaller unit than pages."""
    gc.disable()
    before = resident()
    tasks = [asyncio.create_task(asyncio.sleep(seconds)) for _ in range(size)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    after = resident()
    assert not any(task.done() for task in tasks)
    print((after - before) * 1024 / size, flush=True)
    os._exit(0)  # without taking a million tasks apart


async def files(paths):
    at_once = asyncio.Semaphore(50)

    def read(path):
        with open(path, "rb") as file:
            return len(file.read())

    async def read_one(path):
        async with at_once:
            assert await asyncio.to_thread(read, path) == 1000

    await asyncio.gather(*map(read_one, paths))
    return len(paths)


name, size, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
run = importlib.import_module(sys.argv[4] if len(sys.argv) > 4 else "asyncio").run
if name == "memory":
    run(memory(size, seconds))
elif name.startswith("files="):
    folder = name.removeprefix("files=")
    print(run(measure(files, [os.path.join(folder, one) for one in os.listdir(folder)], seconds)))
else:
    of_queues = (queue, fifo, lifo, priority)
    of_locks = (lock, semaphore, condition)
    of_tasks = (switch, spawn, timers, gather, wait, as_completed)
    works = {work.__name__: work for work in of_queues + of_locks + of_tasks}
    print(run(measure(works[name], size, seconds)))
