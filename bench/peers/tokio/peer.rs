//! The benchmarks' work in Tokio on one thread: peer WORK SIZE SECONDS prints nanoseconds (or bytes) for each element.
//! Tasks are local to the thread, as asyncio's are: they need not be `Send`.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::process::Command;
use std::task::Poll;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, spawn_local, yield_now};
use tokio::time::{Sleep, sleep};

const TIMES: usize = 100_000;

async fn yield_often(times: usize) {
    for _ in 0..times {
        yield_now().await;
    }
}

async fn switches(size: usize) {
    let tasks: Vec<JoinHandle<()>> = (0..size).map(|_| spawn_local(yield_often(TIMES / size))).collect();
    for task in tasks {
        task.await.unwrap();
    }
}

async fn spawn() {
    let mut sum = 0;
    for i in 0..TIMES {
        sum += spawn_local(async move { i }).await.unwrap();
    }
    assert_eq!(sum, TIMES * (TIMES - 1) / 2);
}

async fn queue() {
    let (sender, mut receiver) = mpsc::channel(1);
    let consumer = spawn_local(async move {
        for _ in 0..TIMES {
            receiver.recv().await.unwrap();
        }
    });
    for i in 0..TIMES {
        sender.send(i).await.unwrap();
    }
    consumer.await.unwrap();
}

async fn unbounded_queue() {
    let (there, mut arrivals) = mpsc::unbounded_channel();
    let (back, mut returns) = mpsc::unbounded_channel();
    let other = spawn_local(async move {
        for _ in 0..TIMES / 2 {
            back.send(arrivals.recv().await.unwrap()).unwrap();
        }
    });
    there.send(1).unwrap();
    for _ in 0..TIMES / 2 - 1 {
        there.send(returns.recv().await.unwrap()).unwrap();
    }
    returns.recv().await.unwrap();
    other.await.unwrap();
}

/// A timer is not set before its future is polled.
async fn set(timer: &mut Pin<Box<Sleep>>) {
    poll_fn(|context| {
        assert!(timer.as_mut().poll(context).is_pending());
        Poll::Ready(())
    })
    .await;
}

/// Delays of one to two hours at random, so that a timer lands anywhere among the others.
fn delays() -> Vec<Duration> {
    let mut state: u64 = 1;
    (0..10_000)
        .map(|_| {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            Duration::from_nanos(3_600_000_000_000 + (state >> 11) % 3_600_000_000_000)
        })
        .collect()
}

async fn timers(delays: &[Duration]) {
    for i in 0..TIMES {
        let mut timer = Box::pin(sleep(delays[i % delays.len()]));
        set(&mut timer).await;
        drop(timer);
        if i % 1000 == 0 {
            yield_now().await;
        }
    }
}

async fn gather(size: usize) {
    for _ in 0..TIMES / size {
        let tasks: Vec<JoinHandle<usize>> = (0..size).map(|_| spawn_local(async { 1 })).collect();
        let mut results = Vec::with_capacity(size);
        for task in tasks {
            results.push(task.await.unwrap());
        }
        assert_eq!(results.len(), size);
    }
}

/// Kilobytes of the process that are in memory: Linux tells them, elsewhere `ps`.
fn resident() -> f64 {
    let output = match std::fs::read_to_string("/proc/self/status") {
        Ok(status) => status.split("VmRSS:").nth(1).unwrap().to_string(),
        Err(_) => {
            let id = std::process::id().to_string();
            let ps = Command::new("ps").args(["-o", "rss=", "-p", &id]).output().unwrap();
            String::from_utf8(ps.stdout).unwrap()
        }
    };
    output.split_whitespace().next().unwrap().parse().unwrap()
}

async fn memory(size: usize, seconds: f64) -> f64 {
    let before = resident();
    let delay = Duration::from_secs_f64(seconds);
    let tasks: Vec<JoinHandle<()>> = (0..size).map(|_| spawn_local(sleep(delay))).collect();
    yield_now().await;
    yield_now().await;
    let after = resident();
    assert!(tasks.iter().all(|task| !task.is_finished()));
    (after - before) * 1024.0 / size as f64
}

async fn measure(work: impl AsyncFn(), seconds: f64) -> f64 {
    work().await;
    let mut rounds = 0;
    let begin = Instant::now();
    while begin.elapsed().as_secs_f64() < seconds {
        work().await;
        rounds += 1;
    }
    begin.elapsed().as_nanos() as f64 / (rounds * TIMES) as f64
}

async fn run(work: &str, size: usize, seconds: f64) -> f64 {
    match (work, size) {
        ("switch", _) => measure(async || switches(size).await, seconds).await,
        ("spawn", _) => measure(spawn, seconds).await,
        ("queue", 1) => measure(queue, seconds).await,
        ("queue", _) => measure(unbounded_queue, seconds).await,
        ("timers", _) => {
            let delays = delays();
            let mut pending = Vec::with_capacity(size);
            for i in 0..size {
                pending.push(Box::pin(sleep(delays[i % delays.len()])));
                set(&mut pending[i]).await;
            }
            measure(async || timers(&delays).await, seconds).await
        }
        ("gather", _) => measure(async || gather(size).await, seconds).await,
        ("memory", _) => memory(size, seconds).await,
        _ => panic!("there is no work {work}"),
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let size = arguments[2].parse().unwrap();
    let seconds = arguments[3].parse().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build_local(Default::default()).unwrap();
    // A task of its own: what block_on itself polls is polled in another way.
    let work = arguments[1].clone();
    let task = async move { run(&work, size, seconds).await };
    println!("{}", runtime.block_on(async { spawn_local(task).await.unwrap() }));
    std::process::exit(0); // without taking a million timers apart
}
