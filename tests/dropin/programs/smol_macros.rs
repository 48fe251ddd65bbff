//! smol-macros: `main!` with an executor that its threads run, and `test!` in each of its forms.

mod counts;

use macro_rules_attribute::apply;
use smol::channel;
use smol::prelude::*;
use smol_macros::{Executor, main};
use std::time::Duration;

/// Two tasks that bounce a number, beside timers and a socket pair, all on the executor of the macro.
async fn play(executor: &Executor<'_>) -> u64 {
    let (to_right, right) = channel::bounded(1);
    let (to_left, left) = channel::bounded(1);
    let bouncer = executor.spawn(async move {
        while let Ok(number) = right.recv().await {
            if to_left.send(number + 1u64).await.is_err() {
                break;
            }
        }
    });
    let timers: Vec<_> = (0..50)
        .map(|n| {
            executor.spawn(async move {
                smol::Timer::after(Duration::from_millis(n % 7)).await;
                n
            })
        })
        .collect();
    let mut number = 0;
    for _ in 0..1000 {
        to_right.send(number).await.unwrap();
        number = left.recv().await.unwrap();
    }
    drop(to_right);
    bouncer.await;
    for timer in timers {
        number += timer.await;
    }
    number
}

#[apply(main!)]
async fn main(executor: &Executor<'_>) {
    println!("bounced and waited: {}", play(executor).await);

    let listener = smol::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = executor.spawn(async move {
        let mut served = 0;
        let mut incoming = listener.incoming();
        while served < 10 {
            let mut stream = incoming.next().await.unwrap().unwrap();
            let mut line = Vec::new();
            stream.read_to_end(&mut line).await.unwrap();
            line.reverse();
            stream.write_all(&line).await.unwrap();
            served += 1;
        }
        served
    });
    for n in 0..10 {
        let mut stream = smol::net::TcpStream::connect(address).await.unwrap();
        stream
            .write_all(format!("stressed {n}").as_bytes())
            .await
            .unwrap();
        stream.shutdown(smol::net::Shutdown::Write).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert_eq!(answer, format!("{n} desserts"));
    }
    println!("served: {}", server.await);

    let error = executor
        .spawn(async { smol::unblock(|| std::fs::read("/nowhere")).await })
        .await
        .unwrap_err();
    println!("from a blocking thread: {:?}", error.kind());
    counts::report("smol-macros");
}

#[cfg(test)]
mod tests {
    use super::*;
    use smol_macros::{LocalExecutor, test};
    use std::cell::Cell;
    use std::rc::Rc;
    use std::sync::Arc;

    #[apply(test!)]
    async fn without_an_executor() {
        smol::Timer::after(Duration::from_millis(1)).await;
        assert_eq!(smol::spawn(async { 6 * 7 }).await, 42);
    }

    #[apply(test!)]
    async fn with_an_executor(executor: &Executor<'_>) {
        assert_eq!(play(executor).await, 1000 + 49 * 50 / 2);
    }

    #[apply(test!)]
    async fn with_a_shared_executor(executor: Arc<Executor<'_>>) {
        let inner = executor.clone();
        let nested = executor.spawn(async move { inner.spawn(async { 1 }).await + 1 });
        assert_eq!(nested.await, 2);
    }

    #[apply(test!)]
    async fn with_a_local_executor(executor: &LocalExecutor<'_>) {
        let sum = Rc::new(Cell::new(0));
        let tasks: Vec<_> = (0..10)
            .map(|n| {
                let sum = sum.clone();
                executor.spawn(async move {
                    smol::future::yield_now().await;
                    sum.set(sum.get() + n);
                })
            })
            .collect();
        for task in tasks {
            task.await;
        }
        assert_eq!(sum.get(), 45);
    }

    #[apply(test!)]
    #[should_panic(expected = "as it should")]
    async fn a_panic_of_a_task_reaches_the_test(executor: &Executor<'_>) {
        executor.spawn(async { panic!("as it should") }).await
    }
}
