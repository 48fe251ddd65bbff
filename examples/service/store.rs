//! The keys and values, in memory.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use hyper::body::Bytes;

/// How much all keys and values together may take. What a client can fill needs an upper end.
const MAX_BYTES: usize = 256 * 1024 * 1024;

/// What an entry takes besides its key and value, about.
const ENTRY_BYTES: usize = 64;

/// A sorted map from keys to JSON texts.
///
/// The lock is the standard library's, which blocks its thread, and that is right here: it is held for the time of a
/// look-up and never across an `await`, so nobody waits for longer than that. `leno::lock` is for locks that are.
#[derive(Default)]
pub struct Store {
    inner: RwLock<Inner>,
}

#[derive(Default)]
struct Inner {
    values: BTreeMap<String, Bytes>,
    bytes: usize,
}

/// What became of a [`Store::put`].
pub enum Put {
    Created,
    Replaced,
    /// The store is full, and nothing has changed.
    Full,
}

impl Store {
    pub fn get(&self, key: &str) -> Option<Bytes> {
        // `Bytes` is counted: a clone is one more reference to the same text.
        self.read().values.get(key).cloned()
    }

    pub fn put(&self, key: &str, value: Bytes) -> Put {
        let mut inner = self.write();
        let old = inner.values.get(key).map(|old| size(key, old));
        let bytes = inner.bytes - old.unwrap_or(0) + size(key, &value);
        if bytes > MAX_BYTES {
            return Put::Full;
        }
        inner.bytes = bytes;
        inner.values.insert(key.to_owned(), value);
        match old {
            Some(_) => Put::Replaced,
            None => Put::Created,
        }
    }

    /// True if there was such a key.
    pub fn delete(&self, key: &str) -> bool {
        let mut inner = self.write();
        match inner.values.remove(key) {
            Some(value) => {
                inner.bytes -= size(key, &value);
                true
            }
            None => false,
        }
    }

    pub fn len(&self) -> usize {
        self.read().values.len()
    }

    /// At most `limit` keys in order, those after `after`, and whether there are more.
    pub fn keys(&self, after: &str, limit: usize) -> (Vec<String>, bool) {
        let inner = self.read();
        let range = (Bound::Excluded(after), Bound::Unbounded);
        let mut keys = inner.values.range::<str, _>(range).map(|(key, _)| key);
        let page = keys.by_ref().take(limit).cloned().collect();
        (page, keys.next().is_some())
    }

    // No code that holds the lock can panic half-way through a change, so a poisoned lock guards good data.
    fn read(&self) -> RwLockReadGuard<'_, Inner> {
        self.inner.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Inner> {
        self.inner.write().unwrap_or_else(PoisonError::into_inner)
    }
}

fn size(key: &str, value: &Bytes) -> usize {
    key.len() + value.len() + ENTRY_BYTES
}
