//! sqlx with `runtime-smol`: a pool that many tasks share, transactions, a listener, time-outs. The URL of the database is
//! in `DROPIN_POSTGRES`.

mod counts;

use smol::Timer;
use smol::prelude::*;
use sqlx::postgres::{PgListener, PgPool, PgPoolOptions};
use sqlx::{Connection, PgConnection, Row};
use std::time::Duration;

async fn withdraw(pool: PgPool, amount: i64) -> sqlx::Result<()> {
    let mut transaction = pool.begin().await?;
    let balance: i64 = sqlx::query_scalar("select balance from account where id = 1 for update")
        .fetch_one(&mut *transaction)
        .await?;
    // A lost update would show here, if the row were not locked.
    Timer::after(Duration::from_millis(1)).await;
    sqlx::query("update account set balance = $1 where id = 1")
        .bind(balance - amount)
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await
}

fn main() -> sqlx::Result<()> {
    let url = std::env::var("DROPIN_POSTGRES").unwrap();
    smol::block_on(async {
        let mut connection = PgConnection::connect(&url).await?;
        let (sum,): (i64,) = sqlx::query_as("select $1 + $2")
            .bind(40_i64)
            .bind(2_i64)
            .fetch_one(&mut connection)
            .await?;
        println!("sum: {sum}");
        connection.close().await?;

        let pool = PgPoolOptions::new()
            .max_connections(3)
            .acquire_timeout(Duration::from_secs(30))
            .connect(&url)
            .await?;
        sqlx::query("drop table if exists account")
            .execute(&pool)
            .await?;
        sqlx::query("create table account (id bigint primary key, balance bigint not null)")
            .execute(&pool)
            .await?;
        sqlx::query("insert into account values (1, 1000)")
            .execute(&pool)
            .await?;

        let tasks: Vec<_> = (0..20)
            .map(|n| smol::spawn(withdraw(pool.clone(), n)))
            .collect();
        for task in tasks {
            task.await?;
        }
        let mut transaction = pool.begin().await?;
        sqlx::query("delete from account")
            .execute(&mut *transaction)
            .await?;
        drop(transaction);
        let balance: i64 = sqlx::query_scalar("select balance from account")
            .fetch_one(&pool)
            .await?;
        println!("balance after 20 withdrawals and a rollback: {balance}");

        // Rows that come in a stream, and are more than one read.
        let mut rows =
            sqlx::query("select n, repeat('x', 100) as filler from generate_series(1, 5000) n")
                .fetch(&pool);
        let mut total = 0;
        while let Some(row) = rows.try_next().await? {
            assert_eq!(row.get::<&str, _>("filler").len(), 100);
            total += i64::from(row.get::<i32, _>("n"));
        }
        drop(rows);
        println!("sum of a stream: {total}");

        // A query that is dropped in its middle leaves the pool usable.
        let slow = async {
            sqlx::query("select pg_sleep(1)")
                .execute(&pool)
                .await
                .unwrap();
            "the query ended"
        };
        let timer = async {
            Timer::after(Duration::from_millis(50)).await;
            "the timer ended"
        };
        println!(
            "a query of a second against a timer: {}",
            slow.or(timer).await
        );

        let mut listener = PgListener::connect_with(&pool).await?;
        listener.listen("loom").await?;
        let notifier = smol::spawn({
            let pool = pool.clone();
            async move {
                for n in 0..5 {
                    Timer::after(Duration::from_millis(2)).await;
                    sqlx::query("select pg_notify('loom', $1)")
                        .bind(n.to_string())
                        .execute(&pool)
                        .await
                        .unwrap();
                }
            }
        });
        let mut payloads = Vec::new();
        while payloads.len() < 5 {
            payloads.push(listener.recv().await?.payload().to_owned());
        }
        notifier.await;
        println!("notified: {}", payloads.join(" "));

        let small = PgPoolOptions::new()
            .max_connections(1)
            .acquire_timeout(Duration::from_millis(50))
            .connect(&url)
            .await?;
        let held = small.acquire().await?;
        println!("no connection left: {}", small.acquire().await.unwrap_err());
        drop(held);
        small.acquire().await?;

        counts::report("sqlx");
        small.close().await;
        drop(listener);
        pool.close().await;
        Ok(())
    })
}
