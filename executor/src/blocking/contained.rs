//! Values whose drop may panic.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::contain::contain;

/// A value whose drop may panic without harm to whoever drops it.
pub(super) struct Contained<V>(Option<V>);

impl<V> Contained<V> {
    pub(super) fn new(value: V) -> Self {
        Contained(Some(value))
    }

    pub(super) fn into_inner(mut self) -> V {
        self.0.take().expect("only taken here")
    }
}

impl<F: Future + Unpin> Future for Contained<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let future = self.0.as_mut().expect("only taken by into_inner");
        Pin::new(future).poll(cx)
    }
}

// Nothing in it is pinned but what is `Unpin` itself.
impl<V> Unpin for Contained<V> {}

impl<V> Drop for Contained<V> {
    fn drop(&mut self) {
        contain(|| drop(self.0.take()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::panic_any;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    /// Panics when it is dropped, with another one like it as long as `left` isn't zero.
    struct Chain {
        left: u32,
        dropped: Arc<AtomicU32>,
    }

    impl Drop for Chain {
        fn drop(&mut self) {
            self.dropped.fetch_add(1, Ordering::SeqCst);
            if self.left > 0 {
                panic_any(Chain {
                    left: self.left - 1,
                    dropped: self.dropped.clone(),
                });
            }
        }
    }

    #[test]
    fn a_value_that_panics_when_dropped_goes_no_further() {
        let dropped = Arc::new(AtomicU32::new(0));
        let chain = Chain {
            left: 1,
            dropped: dropped.clone(),
        };
        drop(Contained::new(chain));
        assert_eq!(dropped.load(Ordering::SeqCst), 2);
    }

    #[test]
    fn what_is_taken_out_is_not_dropped() {
        let value = Arc::new(());
        let taken = Contained::new(value.clone()).into_inner();
        assert_eq!(Arc::strong_count(&value), 2);
        drop(taken);
        assert_eq!(Arc::strong_count(&value), 1);
    }
}
