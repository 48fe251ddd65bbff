//! lapin with its feature `smol`: messages through RabbitMQ, confirmed, consumed and acknowledged. The URL is in
//! `DROPIN_AMQP`.

mod counts;

use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, BasicQosOptions,
    ConfirmSelectOptions, QueueDeclareOptions, QueuePurgeOptions,
};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Connection, ConnectionProperties, Result};
use smol::prelude::*;

const MESSAGES: usize = 200;

fn main() -> Result<()> {
    let url = std::env::var("DROPIN_AMQP").unwrap();
    smol::block_on(async {
        let runtime = async_rs::Runtime::smol();
        let connection =
            Connection::connect_with_runtime(&url, ConnectionProperties::default(), runtime)
                .await?;
        let channel = connection.create_channel().await?;
        channel
            .queue_declare(
                "cloth".into(),
                QueueDeclareOptions::default(),
                FieldTable::default(),
            )
            .await?;
        channel
            .queue_purge("cloth".into(), QueuePurgeOptions::default())
            .await?;
        channel
            .confirm_select(ConfirmSelectOptions::default())
            .await?;

        let consuming = connection.create_channel().await?;
        consuming.basic_qos(10, BasicQosOptions::default()).await?;
        let mut consumer = consuming
            .basic_consume(
                "cloth".into(),
                "loom".into(),
                BasicConsumeOptions::default(),
                FieldTable::default(),
            )
            .await?;
        let consumed = smol::spawn(async move {
            let mut sum = 0;
            for _ in 0..MESSAGES {
                let delivery = consumer.next().await.unwrap().unwrap();
                sum += std::str::from_utf8(&delivery.data)
                    .unwrap()
                    .parse::<usize>()
                    .unwrap();
                delivery.ack(BasicAckOptions::default()).await.unwrap();
            }
            sum
        });

        let mut confirmed = 0;
        for n in 0..MESSAGES {
            let confirmation = channel
                .basic_publish(
                    "".into(),
                    "cloth".into(),
                    BasicPublishOptions::default(),
                    n.to_string().as_bytes(),
                    BasicProperties::default(),
                )
                .await?
                .await?;
            confirmed += usize::from(confirmation.is_ack());
        }
        println!("confirmed: {confirmed}");
        println!("sum of what was consumed: {}", consumed.await);
        counts::report("lapin");
        connection.close(200, "done".into()).await?;
        println!("closed");
        Ok(())
    })
}
