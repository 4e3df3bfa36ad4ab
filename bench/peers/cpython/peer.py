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


async def queue(size):
    async def take(items, times):
        for _ in range(times):
            await items.get()

    async def hand(source, target, times):
        for _ in range(times):
            await target.put(await source.get())

    if size == 1:
        items = asyncio.Queue(1)
        consumer = asyncio.create_task(take(items, 5_000))
        for _ in range(5_000):
            await items.put(1)
        await consumer
    else:
        there, back = asyncio.Queue(), asyncio.Queue()
        other = asyncio.create_task(hand(there, back, 2_500))
        await there.put(1)
        await hand(back, there, 2_500)
        await other
    return 5_000


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
    async def number():
        return 1

    for _ in range(100_000 // size):
        await asyncio.gather(*[number() for _ in range(size)])
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


name, size, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
run = importlib.import_module(sys.argv[4] if len(sys.argv) > 4 else "asyncio").run
if name == "memory":
    run(memory(size, seconds))
else:
    works = {work.__name__: work for work in (switch, spawn, queue, timers, gather)}
    print(run(measure(works[name], size, seconds)))
