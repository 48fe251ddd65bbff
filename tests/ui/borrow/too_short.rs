// A task must not borrow what ends before its executor.
fn main() {
    let ex = leno::Executor::new();
    {
        let text = String::from("short");
        ex.spawn(async { text.len() }).detach();
    }
    ex.try_tick();

    let ex = leno::LocalExecutor::new();
    {
        let text = String::from("short");
        ex.spawn(async { text.len() }).detach();
    }
    ex.try_tick();
}
