//! [`leno_channel`] under the name of `async-channel` 2, for use through `[patch.crates-io]`.
//!
//! So the channels of crates that use `async-channel` are of the same types as those of `leno::channel`.

#[doc(inline)]
pub use leno_channel::{
    Closed, Receiver, Recv, RecvError, Send, SendError, Sender, TryRecvError, TrySendError,
    WeakReceiver, WeakSender, bounded, unbounded,
};
