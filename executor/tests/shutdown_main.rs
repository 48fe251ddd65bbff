//! `shutdown` under `block_on_main`: the workers end, the body of `main` goes on. The only test of its process, because a
//! process has one runtime.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use leno_executor::{block_on_main, shutdown, spawn, unblock};
use leno_reactor::Timer;

#[test]
fn the_body_of_main_goes_on_after_a_shutdown() {
    let number = block_on_main(async {
        assert_eq!(spawn(async { 1 }).await, 1);
        let local = std::rc::Rc::new(7);
        let left = unblock(|| shutdown(Duration::from_secs(30))).await.unwrap();
        assert_eq!(left, 0);
        for _ in 0..3 {
            Timer::after(Duration::from_millis(5)).await;
        }
        let spawned = Arc::new(AtomicBool::new(false));
        let ran = spawned.clone();
        spawn(async move { ran.store(true, Ordering::SeqCst) }).detach();
        Timer::after(Duration::from_millis(5)).await;
        assert!(!spawned.load(Ordering::SeqCst), "cancelled already");
        *local
    });
    assert_eq!(number, 7);
}
