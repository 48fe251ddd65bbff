#[leno::main]
async unsafe fn main() {}
