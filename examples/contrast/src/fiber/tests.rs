use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use leno::future::{self, FutureExt};
use leno::{Timer, block_on};

use super::*;

/// What the tests run on fibers keeps its promises: see each.
fn fiber<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> leno::Task<T> {
    // SAFETY: only `Arc`s, channels and numbers are on the stacks, and what is called is little.
    unsafe { spawn(body) }
}

/// Counts how often it is dropped.
struct Dropped(Arc<AtomicUsize>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn a_fiber_waits_from_any_depth_of_calls() {
    fn deep(levels: usize, receiver: &leno::channel::Receiver<usize>) -> usize {
        match levels {
            0 => wait(receiver.recv()).unwrap(),
            _ => 1 + deep(levels - 1, receiver),
        }
    }
    let (sender, receiver) = leno::channel::bounded(1);
    let task = fiber(move || deep(100, &receiver));
    let other = fiber(move || {
        yield_now();
        wait(sender.send(7)).unwrap();
    });
    assert_eq!(block_on(future::zip(task, other)).0, 107);
}

#[test]
fn a_fiber_that_sleeps_does_not_keep_its_worker() {
    let fibers: Vec<_> = (0..1000)
        .map(|_| fiber(|| wait(Timer::after(Duration::from_millis(200)))))
        .collect();
    let start = std::time::Instant::now();
    block_on(async {
        for fiber in fibers {
            fiber.await;
        }
    });
    // One after the other they would take 200 s, or 100 s on two workers.
    assert!(start.elapsed() < Duration::from_secs(60));
}

#[test]
fn a_panic_reaches_whoever_awaits_and_drops_what_was_on_the_stack() {
    let drops = Arc::new(AtomicUsize::new(0));
    let kept = Dropped(drops.clone());
    let task = fiber(move || {
        let _kept = kept;
        yield_now();
        panic!("as ordered");
    });
    let payload = catch_unwind(AssertUnwindSafe(|| block_on(task))).unwrap_err();
    assert_eq!(payload.downcast_ref::<&str>(), Some(&"as ordered"));
    assert_eq!(drops.load(Ordering::SeqCst), 1);
}

#[test]
fn a_panic_of_the_future_unwinds_the_fiber() {
    let task = fiber(|| {
        let caught = catch_unwind(|| wait(future::poll_fn(|_| -> Poll<()> { panic!("inside") })));
        // The fiber goes on as if nothing had been.
        yield_now();
        caught.is_err()
    });
    assert!(block_on(task));
}

#[test]
fn cancelling_unwinds_the_stack() {
    let drops = Arc::new(AtomicUsize::new(0));
    let kept = Dropped(drops.clone());
    let (started, wait_for_start) = leno::channel::bounded(1);
    let task = fiber(move || {
        let _kept = kept;
        wait(started.send(())).unwrap();
        wait(future::pending::<()>());
    });
    block_on(wait_for_start.recv()).unwrap();
    assert!(block_on(task.cancel()).is_none());
    assert_eq!(drops.load(Ordering::SeqCst), 1);
}

#[test]
fn a_fiber_that_never_ran_drops_its_closure() {
    let drops = Arc::new(AtomicUsize::new(0));
    let kept = Dropped(drops.clone());
    // SAFETY: it is dropped before it runs.
    drop(unsafe { Fiber::new(move || drop(kept)) });
    assert_eq!(drops.load(Ordering::SeqCst), 1);
}

#[test]
fn a_fiber_that_catches_its_unwinding_is_unwound_at_the_next_wait() {
    let rounds = Arc::new(AtomicUsize::new(0));
    let counted = rounds.clone();
    // SAFETY: it stays on this thread.
    let mut fiber = unsafe {
        Fiber::new(move || {
            for _ in 0..3 {
                // Ignores that it is unwound, which it must not, but can.
                let _ = catch_unwind(|| wait(future::pending::<()>()));
                counted.fetch_add(1, Ordering::SeqCst);
            }
        })
    };
    assert!(
        fiber
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_pending()
    );
    drop(fiber);
    assert_eq!(rounds.load(Ordering::SeqCst), 3);
}

#[test]
fn a_fiber_may_await_another_one_inside_of_itself() {
    let task = fiber(|| {
        // SAFETY: it has numbers only.
        let inner = unsafe {
            Fiber::new(|| {
                yield_now();
                20
            })
        };
        let first = wait(inner);
        yield_now();
        first + 1
    });
    assert_eq!(block_on(task), 21);
}

#[test]
fn a_fiber_moves_between_threads_and_its_futures_see_the_right_one() {
    thread_local! { static HERE: Cell<usize> = const { Cell::new(0) } }

    /// Ready at its second poll: with what the threads of both are called.
    fn two_threads() -> impl Future<Output = (usize, usize)> {
        let mut first = None;
        future::poll_fn(move |_| match first {
            None => {
                first = Some(HERE.get());
                Poll::Pending
            }
            Some(first) => Poll::Ready((first, HERE.get())),
        })
    }

    // SAFETY: it keeps numbers only, and does not look at the thread's variable itself.
    let mut fiber =
        unsafe { Fiber::new(|| (0..50).map(|_| wait(two_threads())).collect::<Vec<_>>()) };
    let mut turn = 1;
    let seen = loop {
        // Each poll is on a thread of its own.
        let polled = std::thread::scope(|scope| {
            let polling = scope.spawn(|| {
                HERE.set(turn);
                fiber.poll(&mut Context::from_waker(Waker::noop()))
            });
            polling.join().unwrap()
        });
        turn += 1;
        if let Poll::Ready(seen) = polled {
            break seen;
        }
    };
    let expected: Vec<_> = (1..=50).map(|turn| (turn, turn + 1)).collect();
    assert_eq!(seen, expected);
}

#[test]
#[should_panic(expected = "fiber::wait is called on a fiber")]
fn outside_of_a_fiber_there_is_nothing_to_wait_on() {
    wait(future::ready(()));
}

#[test]
fn stacks_are_used_again() {
    for _ in 0..10_000 {
        block_on(fiber(yield_now));
    }
    // Without a pool there would be a mapping for each 64 of them, or one for each.
    let mapped = std::fs::read_to_string("/proc/self/maps")
        .unwrap()
        .lines()
        .count();
    assert!(mapped < 1000, "{mapped} mappings");
}

/// Run by the next test in a process of its own; by itself it does nothing.
#[test]
fn overflows_if_it_is_told_to() {
    #[inline(never)]
    #[expect(unconditional_recursion, reason = "no stack suffices")]
    fn deeper(level: u64) -> u64 {
        let frame = std::hint::black_box([level; 64]);
        frame[0] + deeper(std::hint::black_box(level + 1)) + frame[63]
    }
    if std::env::var_os("CONTRAST_OVERFLOW").is_some() {
        // SAFETY: that the stack does not suffice is what the guard page is there for.
        let mut fiber = unsafe { Fiber::new(|| deeper(0)) };
        let _ = fiber.poll(&mut Context::from_waker(Waker::noop()));
    }
}

#[test]
fn a_stack_that_does_not_suffice_ends_the_process() {
    use std::os::unix::process::ExitStatusExt;
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "fiber::tests::overflows_if_it_is_told_to"])
        .env("CONTRAST_OVERFLOW", "1")
        .output()
        .unwrap();
    // Into the guard page, not into the stack of somebody else.
    assert_eq!(
        output.status.signal(),
        Some(nix::libc::SIGSEGV),
        "{output:?}"
    );
}
