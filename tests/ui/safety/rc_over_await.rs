//! The same, with an `Rc` that is made inside of the task and lives over an `.await`.

use std::rc::Rc;

fn main() {
    leno::block_on(leno::spawn(async {
        let shared = Rc::new(5);
        leno::future::yield_now().await;
        assert_eq!(*shared, 5);
    }));
}
