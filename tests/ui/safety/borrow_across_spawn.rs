//! A task of the runtime may outlive whoever spawned it, so it must not borrow from there. `leno::Executor` has tasks that may.

fn main() {
    let text = String::from("on the stack of `main`");
    leno::block_on(leno::spawn(async { text.len() }));
}
