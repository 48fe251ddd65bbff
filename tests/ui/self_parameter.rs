struct Server;

impl Server {
    #[leno::main]
    async fn serve(&self) {}
}

fn main() {}
