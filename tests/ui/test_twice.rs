#[leno::test]
#[test]
async fn tested() {}

fn main() {}
