#[leno::main]
pub fn main() {}
