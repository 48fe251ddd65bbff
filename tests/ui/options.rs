#[leno::main(threads = 4)]
async fn unknown() {}

#[leno::main(crate)]
async fn no_path() {}

#[leno::main(crate = "leno", crate = "leno")]
async fn twice() {}

#[leno::main(crate = "not a + path")]
async fn no_path_in_quotes() {}

#[leno::main(crate = 7)]
async fn number() {}

fn main() {}
