// An executor for one kind of borrows is not one for longer or shorter ones.
use leno::{Executor, LocalExecutor};

fn longer<'long: 'short, 'short>(ex: Executor<'short>) -> Executor<'long> {
    ex
}

fn shorter<'long: 'short, 'short>(ex: Executor<'long>) -> Executor<'short> {
    ex
}

fn longer_local<'long: 'short, 'short>(ex: LocalExecutor<'short>) -> LocalExecutor<'long> {
    ex
}

fn shorter_local<'long: 'short, 'short>(ex: LocalExecutor<'long>) -> LocalExecutor<'short> {
    ex
}

fn main() {}
