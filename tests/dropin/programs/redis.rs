//! redis with `smol-comp`: one connection that many tasks share, pipelines, messages, time-outs. The URL is in
//! `DROPIN_REDIS`.

mod counts;

use redis::{AsyncCommands, Client, RedisResult};
use smol::Timer;
use smol::prelude::*;
use std::time::Duration;

fn main() -> RedisResult<()> {
    let client = Client::open(std::env::var("DROPIN_REDIS").unwrap())?;
    smol::block_on(async {
        let mut connection = client.get_multiplexed_async_connection().await?;
        let () = redis::cmd("FLUSHDB").query_async(&mut connection).await?;

        let tasks: Vec<_> = (0..50)
            .map(|n| {
                let mut connection = connection.clone();
                smol::spawn(async move {
                    for _ in 0..10 {
                        let _: i64 = connection.incr("counter", n).await.unwrap();
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await;
        }
        let counter: i64 = connection.get("counter").await?;
        println!("counter: {counter}");

        let (old, new): (Option<String>, String) = redis::pipe()
            .atomic()
            .getset("pattern", "twill")
            .get("pattern")
            .query_async(&mut connection)
            .await?;
        println!("in a transaction: {old:?}, then {new}");

        let block = vec![9_u8; 4_000_000];
        let () = connection.set("block", &block).await?;
        let back: Vec<u8> = connection.get("block").await?;
        println!("a large value comes back as it was: {}", back == block);

        let mut listener = client.get_async_pubsub().await?;
        listener.subscribe("loom").await?;
        let publisher = smol::spawn({
            let mut connection = connection.clone();
            async move {
                for n in 0..5 {
                    Timer::after(Duration::from_millis(2)).await;
                    let receivers: i64 = connection.publish("loom", n).await.unwrap();
                    assert_eq!(receivers, 1);
                }
            }
        });
        let messages: Vec<String> = listener
            .on_message()
            .take(5)
            .map(|message| message.get_payload().unwrap())
            .collect()
            .await;
        publisher.await;
        println!("published: {}", messages.join(" "));

        // A request that waits for another connection's.
        let mut waiting = client.get_multiplexed_async_connection().await?;
        let popped = smol::spawn(async move {
            let (_, value): (String, String) = redis::cmd("BLPOP")
                .arg("queue")
                .arg(0)
                .query_async(&mut waiting)
                .await
                .unwrap();
            value
        });
        Timer::after(Duration::from_millis(10)).await;
        let _: i64 = connection.rpush("queue", "shuttle").await?;
        println!("popped: {}", popped.await);

        let config = redis::AsyncConnectionConfig::new()
            .set_response_timeout(Some(Duration::from_millis(50)));
        let mut hasty = client
            .get_multiplexed_async_connection_with_config(&config)
            .await?;
        let late = redis::cmd("BLPOP")
            .arg("nothing")
            .arg(0)
            .query_async::<()>(&mut hasty)
            .await
            .unwrap_err();
        println!(
            "an answer that does not come is a time-out: {}",
            late.is_timeout()
        );

        counts::report("redis");
        Ok(())
    })
}
