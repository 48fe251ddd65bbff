//! An `Rc` counts without atomics. A task may go on on another thread, so it must not hold one.

use std::rc::Rc;

fn main() {
    let shared = Rc::new(5);
    leno::block_on(leno::spawn(async move {
        leno::future::yield_now().await;
        assert_eq!(*shared, 5);
    }));
}
