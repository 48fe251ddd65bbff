//! A producer and a consumer with a bounded mailbox between them: who waits when it is empty, full, or closed, and how to
//! wait for no longer than so long.
//!
//! The bound is what makes it safe: a producer that is faster than its consumer has to wait, so the mailbox can't grow
//! until memory is used up. This is called back-pressure.
//!
//! ```text
//! cargo run --release --example mailbox
//! ```
//!
//! Expected output:
//!
//! ```text
//! empty    the consumer waits
//! empty    the producer sends 1: the consumer goes on with 1
//! full     2 and 3 fit without waiting
//! full     4 does not fit; with a time-out, the producer gives up
//! full     the producer waits with 5
//! full     the consumer takes 2: the producer goes on
//! full     in the mailbox are now 3 and 5
//! closed   what is inside can still be taken: 3, 5
//! closed   then the consumer hears that nothing will come
//! closed   a producer gets its message back: 6
//! ```

use leno::channel::{self, TryRecvError, TrySendError};
use leno::{LocalExecutor, future};
use std::time::Duration;

fn main() {
    // All on one thread, so that the order of events is the same each time. Nothing changes with `leno::spawn`, where
    // producer and consumer may run on different workers.
    let executor = LocalExecutor::new();
    leno::block_on(executor.run(async {
        // Room for two messages.
        let (producer, consumer) = channel::bounded::<u32>(2);

        // ---- empty: the consumer waits
        assert_eq!(consumer.try_recv(), Err(TryRecvError::Empty));
        println!("empty    the consumer waits");
        let waiting = executor.spawn({
            let consumer = consumer.clone();
            async move { consumer.recv().await }
        });
        // A moment for the other task: it now starts, finds nothing, and waits.
        future::yield_now().await;
        assert!(!waiting.is_finished());
        producer.send(1).await.expect("the consumer is there");
        let got = waiting.await.expect("the producer is there");
        println!("empty    the producer sends 1: the consumer goes on with {got}");

        // ---- full: the producer waits
        producer.send(2).await.expect("the consumer is there");
        producer.send(3).await.expect("the consumer is there");
        println!("full     2 and 3 fit without waiting");

        assert_eq!(producer.try_send(4), Err(TrySendError::Full(4)));
        let patience = Duration::from_millis(20);
        // A `send` that is dropped while it waits has sent nothing: 4 will never arrive.
        let sent = leno::timeout(patience, producer.send(4)).await;
        assert!(sent.is_err());
        println!("full     4 does not fit; with a time-out, the producer gives up");

        println!("full     the producer waits with 5");
        let waiting = executor.spawn({
            let producer = producer.clone();
            async move { producer.send(5).await }
        });
        future::yield_now().await;
        assert!(!waiting.is_finished());
        let got = consumer.recv().await.expect("the producer is there");
        waiting.await.expect("the consumer is there");
        println!("full     the consumer takes {got}: the producer goes on");
        assert_eq!(consumer.len(), 2);
        println!("full     in the mailbox are now 3 and 5");

        // ---- closed: nobody waits. The last sender or receiver that is dropped closes the mailbox too.
        consumer.close();
        let (first, second) = (consumer.recv().await, consumer.recv().await);
        assert_eq!((first, second), (Ok(3), Ok(5)));
        println!("closed   what is inside can still be taken: 3, 5");
        assert!(consumer.recv().await.is_err());
        println!("closed   then the consumer hears that nothing will come");
        let returned = producer.send(6).await.expect_err("it is closed");
        println!("closed   a producer gets its message back: {}", returned.0);
    }));
}
