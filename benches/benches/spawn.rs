//! What the smallest operations of the executor cost: entering it, starting a task, giving up a turn.
//!
//! `cargo bench -p leno-bench --bench spawn`; `-- --help` lists what can be set. `LENO_THREADS` sets the number of workers.

use divan::Bencher;
use divan::counter::ItemsCount;

fn main() {
    divan::main();
}

/// How many operations one sample of a benchmark does, where one alone would be too short to be measured.
const BATCH: usize = 1000;

/// Entering and leaving async code, with nothing to do in it.
#[divan::bench]
fn block_on() -> u32 {
    leno::block_on(async { divan::black_box(1) })
}

/// One task from a thread that is not a worker, awaited there: two hand-overs between threads.
#[divan::bench]
fn spawn_from_outside() -> u32 {
    leno::block_on(leno::spawn(async { divan::black_box(1) }))
}

/// A task on a worker starts others and awaits them one after the other.
#[divan::bench]
fn spawn_one_by_one(bencher: Bencher<'_, '_>) {
    bencher.counter(ItemsCount::new(BATCH)).bench(|| {
        leno::block_on(leno::spawn(async {
            for n in 0..BATCH {
                divan::black_box(leno::spawn(async move { n }).await);
            }
        }))
    });
}

/// A task on a worker starts many others and then awaits them all.
#[divan::bench]
fn spawn_many(bencher: Bencher<'_, '_>) {
    bencher.counter(ItemsCount::new(BATCH)).bench(|| {
        leno::block_on(leno::spawn(async {
            let tasks: Vec<_> = (0..BATCH).map(|n| leno::spawn(async move { n })).collect();
            for task in tasks {
                divan::black_box(task.await);
            }
        }))
    });
}

/// Tasks that do nothing but let the others have their turn.
#[divan::bench(args = [1, 10, 100])]
fn yield_now(bencher: Bencher<'_, '_>, tasks: usize) {
    bencher.counter(ItemsCount::new(tasks * BATCH)).bench(|| {
        let tasks: Vec<_> = (0..tasks)
            .map(|_| {
                leno::spawn(async {
                    for _ in 0..BATCH {
                        leno::future::yield_now().await;
                    }
                })
            })
            .collect();
        leno::block_on(async {
            for task in tasks {
                task.await;
            }
        });
    });
}
