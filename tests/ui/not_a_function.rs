#[leno::main]
struct Main;

fn main() {}
