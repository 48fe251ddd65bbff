//! A channel without room: a message passes from hand to hand, so whoever comes first waits for the other.
//!
//! With a mailbox (see `mailbox`) a `send` that is done says that there was room. Here it says that somebody has taken the
//! message. That is for work that must not lie around: a job that nobody is free to do stays with whoever has it to give.
//!
//! ```text
//! cargo run --release --example rendezvous
//! ```
//!
//! Expected output:
//!
//! ```text
//! nobody    try_send has nobody to give 1 to, and gives it back
//! nobody    try_recv finds nobody with a message
//! sender    comes first, and waits with 2 in its hands
//! sender    goes on when the receiver has taken 2
//! receiver  comes first, and waits
//! receiver  goes on with 3, which try_send handed to it
//! try_recv  takes 4 from a sender that waits
//! queue     three senders wait: 5, 6, 7 are taken in this order
//! timeout   a sender gives up, and 8 was never sent
//! timeout   a receiver gives up, and 9 goes to the next one
//! closed    a sender that waits gets its message back: 10
//! closed    a receiver hears that nothing will come
//! ```

use leno::channel::{self, TryRecvError, TrySendError};
use leno::{LocalExecutor, future};
use std::time::Duration;

fn main() {
    // All on one thread, so that the order of events is the same each time. Nothing changes with `leno::spawn`, where the
    // two may run on different workers.
    let executor = LocalExecutor::new();
    leno::block_on(executor.run(async {
        let (sender, receiver) = channel::rendezvous::<u32>();
        // Each in a task of its own, which starts in the next `yield_now`, and comes as far as it can.
        let send = |message| {
            let sender = sender.clone();
            executor.spawn(async move { sender.send(message).await })
        };
        let receive = || {
            let receiver = receiver.clone();
            executor.spawn(async move { receiver.recv().await })
        };

        // ---- nobody: without a partner there is nothing that could be done at once
        assert_eq!(sender.try_send(1), Err(TrySendError::Full(1)));
        println!("nobody    try_send has nobody to give 1 to, and gives it back");
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
        println!("nobody    try_recv finds nobody with a message");

        // ---- the sender comes first
        let sending = send(2);
        future::yield_now().await;
        assert!(!sending.is_finished());
        println!("sender    comes first, and waits with 2 in its hands");
        let got = receiver.recv().await.expect("the sender is there");
        sending.await.expect("the receiver is there");
        println!("sender    goes on when the receiver has taken {got}");

        // ---- the receiver comes first
        let receiving = receive();
        future::yield_now().await;
        assert!(!receiving.is_finished());
        println!("receiver  comes first, and waits");
        sender.try_send(3).expect("a receiver waits");
        let got = receiving.await.expect("the sender is there");
        println!("receiver  goes on with {got}, which try_send handed to it");

        // ---- the same from the other side
        let sending = send(4);
        future::yield_now().await;
        let got = receiver.try_recv().expect("a sender waits");
        sending.await.expect("4 was taken");
        println!("try_recv  takes {got} from a sender that waits");

        // ---- many wait: who came first is served first
        let sending = [send(5), send(6), send(7)];
        future::yield_now().await;
        for (task, message) in sending.into_iter().zip(5..) {
            assert_eq!(receiver.recv().await, Ok(message));
            task.await.expect("it was taken");
        }
        println!("queue     three senders wait: 5, 6, 7 are taken in this order");

        // ---- for no longer than so long: who gives up takes its message along
        let patience = Duration::from_millis(20);
        assert!(leno::timeout(patience, sender.send(8)).await.is_err());
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
        println!("timeout   a sender gives up, and 8 was never sent");
        assert!(leno::timeout(patience, receiver.recv()).await.is_err());
        let receiving = receive();
        future::yield_now().await;
        sender.send(9).await.expect("a receiver waits");
        let got = receiving.await.expect("the sender is there");
        println!("timeout   a receiver gives up, and {got} goes to the next one");

        // ---- closed: nobody waits. The last sender or receiver that is dropped closes the channel too.
        let sending = send(10);
        future::yield_now().await;
        sender.close();
        let back = sending.await.expect_err("it is closed").0;
        println!("closed    a sender that waits gets its message back: {back}");
        assert!(receiver.recv().await.is_err());
        println!("closed    a receiver hears that nothing will come");
    }));
}
