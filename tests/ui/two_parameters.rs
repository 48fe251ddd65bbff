#[leno::main]
async fn main(ex: &leno::Executor<'_>, arguments: Vec<String>) {}
