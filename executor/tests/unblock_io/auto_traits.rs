//! What the type promises about threads.

use std::cell::Cell;
use std::fs::File;
use std::rc::Rc;

use leno_executor::Unblock;

/// `IsSend::<T>::IS` is the inherent constant if `T` is `Send`, and this one if not.
trait Fallback {
    const IS: bool = false;
}
impl<T> Fallback for T {}
macro_rules! asks {
    ($name:ident, $bound:path) => {
        struct $name<T>(std::marker::PhantomData<T>);
        impl<T: $bound> $name<T> {
            const IS: bool = true;
        }
    };
}
asks!(IsSend, Send);
asks!(IsSync, Sync);
asks!(IsUnpin, Unpin);

const _: () = {
    assert!(IsSend::<Unblock<File>>::IS && IsSync::<Unblock<File>>::IS);
    assert!(IsSend::<Unblock<Cell<u8>>>::IS && !IsSync::<Unblock<Cell<u8>>>::IS);
    assert!(!IsSend::<Unblock<Rc<u8>>>::IS && !IsSync::<Unblock<Rc<u8>>>::IS);
    assert!(IsUnpin::<Unblock<std::marker::PhantomPinned>>::IS);
};
