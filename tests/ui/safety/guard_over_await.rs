//! A guard of `std`'s must be dropped by the thread that locked, and a task that waits with it would block all others that want
//! the lock. `leno::lock::Mutex` has guards that may be kept.

use std::sync::{Arc, Mutex};

fn main() {
    let counter = Arc::new(Mutex::new(0));
    leno::block_on(leno::spawn(async move {
        let mut guard = counter.lock().unwrap();
        leno::future::yield_now().await;
        *guard += 1;
    }));
}
