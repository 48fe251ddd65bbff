//! zbus: a service and its clients on a bus of their own, whose address is in `DROPIN_DBUS`.

mod counts;

use smol::Timer;
use smol::prelude::*;
use std::time::Duration;
use zbus::object_server::SignalEmitter;
use zbus::{Connection, Result, connection, fdo, interface, proxy};

struct Loom {
    rows: u32,
}

#[interface(name = "rs.leno.Loom")]
impl Loom {
    async fn weave(
        &mut self,
        rows: u32,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> fdo::Result<u32> {
        if rows == 0 {
            return Err(fdo::Error::InvalidArgs("no rows".to_owned()));
        }
        Timer::after(Duration::from_millis(1)).await;
        self.rows += rows;
        emitter.woven(self.rows).await?;
        Ok(self.rows)
    }

    #[zbus(property)]
    async fn rows(&self) -> u32 {
        self.rows
    }

    #[zbus(signal)]
    async fn woven(emitter: &SignalEmitter<'_>, rows: u32) -> Result<()>;
}

#[proxy(
    interface = "rs.leno.Loom",
    default_service = "rs.leno.Loom",
    default_path = "/rs/leno/Loom"
)]
trait Loom {
    fn weave(&self, rows: u32) -> Result<u32>;
    #[zbus(property)]
    fn rows(&self) -> Result<u32>;
    #[zbus(signal)]
    fn woven(&self, rows: u32) -> Result<()>;
}

async fn connect(address: &str) -> Result<Connection> {
    connection::Builder::address(address)?.build().await
}

fn main() -> Result<()> {
    let address = std::env::var("DROPIN_DBUS").unwrap();
    smol::block_on(async {
        let _service = connection::Builder::address(address.as_str())?
            .name("rs.leno.Loom")?
            .serve_at("/rs/leno/Loom", Loom { rows: 0 })?
            .build()
            .await?;

        let watcher = connect(&address).await?;
        let mut woven = LoomProxy::new(&watcher).await?.receive_woven().await?;

        let client = connect(&address).await?;
        let loom = LoomProxy::new(&client).await?;
        for rows in 1..=20 {
            loom.weave(rows).await?;
        }
        println!("rows by 20 calls: {}", loom.rows().await?);

        let tasks: Vec<_> = (0..20)
            .map(|_| {
                let loom = loom.clone();
                smol::spawn(async move { loom.weave(1).await })
            })
            .collect();
        for task in tasks {
            task.await?;
        }
        println!("error: {}", loom.weave(0).await.unwrap_err());

        let mut signals = 0;
        let mut last = 0;
        while last < 230 {
            last = woven.next().await.unwrap().args()?.rows;
            signals += 1;
        }
        println!("signals: {signals}");

        let bus = fdo::DBusProxy::new(&client).await?;
        let owned = bus
            .list_names()
            .await?
            .iter()
            .any(|name| name.as_str() == "rs.leno.Loom");
        println!("the bus knows the service: {owned}");
        counts::report("zbus");
        Ok(())
    })
}
