//! What is sent belongs to the receiver: one owner at a time, without a copy and without a lock.

fn main() {
    let (sender, receiver) = leno::channel::bounded(1);
    let mut letter = vec![1, 2, 3];
    leno::block_on(async {
        sender.send(letter).await.unwrap();
        letter.push(4);
        receiver.recv().await.unwrap();
    });
}
