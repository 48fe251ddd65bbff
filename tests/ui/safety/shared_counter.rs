//! Two tasks that count in one variable: what would be a data race is refused.

fn main() {
    let mut counter = 0;
    let mut group = leno::TaskGroup::new();
    for _ in 0..2 {
        group.spawn(async { counter += 1 });
    }
    leno::block_on(group.join());
}
