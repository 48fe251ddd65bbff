//! tokio-postgres over a stream of smol's: `connect_raw` needs no runtime of tokio's, only its traits, which async-compat
//! brings. The URL of the database is in `DROPIN_POSTGRES`.

mod counts;

use async_compat::CompatExt;
use futures_util::{SinkExt, StreamExt, future};
use smol::net::TcpStream;
use std::io;
use tokio_postgres::config::Host;
use tokio_postgres::{AsyncMessage, Client, Config, Error, NoTls};

/// Connects, and leaves the connection to a task. What it is notified of comes through the channel.
async fn connect(
    config: &Config,
) -> Result<(Client, smol::channel::Receiver<String>, smol::Task<()>), Error> {
    let Host::Tcp(host) = &config.get_hosts()[0] else {
        panic!("the URL names a socket file")
    };
    let stream = TcpStream::connect((host.as_str(), config.get_ports()[0]))
        .await
        .unwrap();
    stream.set_nodelay(true).unwrap();
    let (client, mut connection) = config.connect_raw(stream.compat(), NoTls).await?;
    let (sender, receiver) = smol::channel::unbounded();
    let task = smol::spawn(async move {
        let mut messages =
            futures_util::stream::poll_fn(|context| connection.poll_message(context));
        while let Some(message) = messages.next().await {
            if let AsyncMessage::Notification(notification) = message.unwrap() {
                sender
                    .send(notification.payload().to_owned())
                    .await
                    .unwrap();
            }
        }
    });
    Ok((client, receiver, task))
}

fn main() -> Result<(), Error> {
    let config: Config = std::env::var("DROPIN_POSTGRES").unwrap().parse()?;
    smol::block_on(async {
        let (mut client, notifications, connection) = connect(&config).await?;
        client
            .batch_execute("drop table if exists thread; create table thread (n int, colour text); listen weave")
            .await?;

        // Fifty requests in flight at once.
        let insert = client.prepare("insert into thread values ($1, $2)").await?;
        let colours: Vec<_> = (0..50).map(|n| (n, format!("colour {n}"))).collect();
        let inserted = future::try_join_all(colours.iter().map(async |(n, colour)| {
            client
                .execute(
                    &insert,
                    &[n as &(dyn tokio_postgres::types::ToSql + Sync), colour],
                )
                .await
        }))
        .await?;
        println!("inserted: {}", inserted.iter().sum::<u64>());

        let transaction = client.transaction().await?;
        transaction
            .execute("delete from thread where n >= $1", &[&10])
            .await?;
        transaction.rollback().await?;
        let transaction = client.transaction().await?;
        transaction
            .execute("delete from thread where n >= $1", &[&40])
            .await?;
        transaction.commit().await?;
        let left: i64 = client
            .query_one("select count(*) from thread", &[])
            .await?
            .get(0);
        println!("left after a rollback and a commit: {left}");

        // Two megabytes in, through the sink, and out again.
        let sink = client.copy_in("copy thread from stdin").await?;
        futures_util::pin_mut!(sink);
        let line = io::Cursor::new(format!("99\t{}\n", "x".repeat(9_996)).into_bytes());
        for _ in 0..200 {
            sink.send(line.clone()).await?;
        }
        println!("copied in: {}", sink.finish().await?);
        let out = client
            .copy_out("copy (select colour from thread where n = 99) to stdout")
            .await?;
        let bytes = out
            .fold(0, |bytes, chunk| {
                future::ready(bytes + chunk.unwrap().len())
            })
            .await;
        println!("copied out: {bytes} bytes");

        let error = client.query("select 1 / 0", &[]).await.unwrap_err();
        println!("the database's error: {}", error.code().unwrap().code());

        let (other, _, other_connection) = connect(&config).await?;
        for n in 0..5 {
            other
                .execute("select pg_notify('weave', $1)", &[&n.to_string()])
                .await?;
        }
        let mut payloads = Vec::new();
        while payloads.len() < 5 {
            payloads.push(notifications.recv().await.unwrap());
        }
        println!("notified: {}", payloads.join(" "));

        counts::report("tokio-postgres");
        drop((client, other));
        connection.await;
        other_connection.await;
        println!("both connections ended");
        Ok(())
    })
}
