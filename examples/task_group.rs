//! Jobs that belong together: outputs as the jobs end, all outputs at once, the first error that stops the rest, a limit on
//! how many run at the same time, and what becomes of the jobs of a group that is dropped.
//!
//! A [`leno::TaskGroup`] is for what a `Vec` of tasks is not good at: to wait for whichever ends next, and to leave no job
//! behind, whichever way the function is left, be it by a `?`.
//!
//! ```text
//! cargo run --release --example task_group
//! ```
//!
//! Expected output:
//!
//! ```text
//! next      c has ended
//! next      b has ended
//! next      a has ended
//! join      all outputs, in the order of the spawns: [1, 4, 9]
//! limit     100 jobs, never more than 3 at a time
//! try_join  the server serves
//! try_join  the server is gone
//! try_join  all because of: no more disk
//! drop      the player plays
//! drop      the player is gone
//! ```

use leno::channel::{self, Sender};
use leno::{TaskGroup, future, io};
use std::sync::atomic::{AtomicUsize, Ordering};

#[leno::main]
async fn main() {
    // ---- next: whichever ends first comes first
    let mut group = TaskGroup::new();
    let mut doors = Vec::new();
    for name in ["a", "b", "c"] {
        let (door, opened) = channel::bounded::<()>(1);
        doors.push(door);
        group.spawn(async move {
            opened.recv().await.expect("the door is there");
            name
        });
    }
    // The last door is opened first.
    for door in doors.iter().rev() {
        door.send(()).await.expect("the job is there");
        let name = group.next().await.expect("jobs are left");
        println!("next      {name} has ended");
    }
    assert_eq!(group.next().await, None);

    // ---- join: all of them, whenever each has ended. One may be a closure on a thread that may block.
    let mut group = TaskGroup::new();
    group.spawn(async { 1 });
    group.add(leno::unblock(|| 2 * 2));
    group.spawn(async { 3 * 3 });
    let outputs = group.join().await;
    println!("join      all outputs, in the order of the spawns: {outputs:?}");

    // ---- a limit: before one more is spawned, another one has to end
    static RUNNING: AtomicUsize = AtomicUsize::new(0);
    let (mut group, mut ended) = (TaskGroup::new(), 0);
    for _ in 0..100 {
        while group.len() >= 3 {
            group.next().await;
            ended += 1;
        }
        group.spawn(async move {
            assert!(RUNNING.fetch_add(1, Ordering::SeqCst) < 3);
            future::yield_now().await;
            RUNNING.fetch_sub(1, Ordering::SeqCst);
        });
    }
    ended += group.join().await.len();
    println!("limit     {ended} jobs, never more than 3 at a time");

    // ---- try_join: the first error cancels the others, and waits until they are gone
    let error = serve().await.expect_err("there is no more disk");
    println!("try_join  all because of: {error}");

    // ---- drop: cancels all, and waits for nobody. `group.cancel().await` would wait.
    let (life, news) = channel::bounded(1);
    let mut group = TaskGroup::new();
    group.spawn(work("drop      the player", "plays", life));
    news.recv().await.expect("it starts");
    drop(group);
    // A job that is just being run ends at its next `.await`. When it is gone, so is its sender, and that can be heard.
    assert!(news.recv().await.is_err());
}

/// Serves until something breaks.
async fn serve() -> io::Result<()> {
    let (life, news) = channel::bounded(1);
    let mut group = TaskGroup::new();
    group.spawn(work("try_join  the server", "serves", life));
    group.spawn(async move {
        news.recv().await.expect("it starts");
        Err(io::Error::other("no more disk"))
    });
    group.try_join().await.map(drop)
}

/// Says that it has begun, and goes on for ever.
async fn work(name: &'static str, what: &'static str, life: Sender<()>) -> io::Result<()> {
    /// What a job holds is dropped when it is cancelled, so that is where to tidy up.
    struct Held(&'static str);

    impl Drop for Held {
        fn drop(&mut self) {
            println!("{} is gone", self.0);
        }
    }

    println!("{name} {what}");
    // Dropped before `life` is: what came last goes first.
    let _held = Held(name);
    life.send(()).await.expect("somebody listens");
    future::pending().await
}
