//! Values under small numbers that are used again: where an executor keeps the wakers of its tasks.

/// A vector with holes. It keeps its greatest length, and forgets nothing but what is removed.
#[derive(Debug)]
pub(crate) struct Slab<T> {
    slots: Vec<Slot<T>>,
    /// The hole to fill next; past the end if there is none.
    hole: u32,
    len: usize,
}

#[derive(Debug)]
enum Slot<T> {
    Full(T),
    /// The hole to fill after this one.
    Hole(u32),
}

impl<T> Slab<T> {
    pub(crate) const fn new() -> Self {
        Self {
            slots: Vec::new(),
            hole: 0,
            len: 0,
        }
    }

    /// The key that the next [`insert`](Self::insert) will give, for values that contain their own.
    pub(crate) fn next_key(&self) -> u32 {
        self.hole
    }

    pub(crate) fn insert(&mut self, value: T) -> u32 {
        let key = self.hole;
        match self.slots.get_mut(key as usize) {
            Some(slot) => {
                let Slot::Hole(next) = std::mem::replace(slot, Slot::Full(value)) else {
                    unreachable!("holes are not full")
                };
                self.hole = next;
            }
            None => {
                self.slots.push(Slot::Full(value));
                self.hole = u32::try_from(self.slots.len()).expect("fewer than 2^32 tasks");
            }
        }
        self.len += 1;
        key
    }

    /// Takes the value under `key` out.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub(crate) fn remove(&mut self, key: u32) -> T {
        let slot = &mut self.slots[key as usize];
        match std::mem::replace(slot, Slot::Hole(self.hole)) {
            Slot::Full(value) => {
                self.hole = key;
                self.len -= 1;
                value
            }
            Slot::Hole(_) => panic!("nothing under key {key}"),
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.slots.iter().filter_map(|slot| match slot {
            Slot::Full(value) => Some(value),
            Slot::Hole(_) => None,
        })
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn keys_are_announced_and_used_again() {
        let mut slab = Slab::new();
        for value in 0..4 {
            let next = slab.next_key();
            assert_eq!(slab.insert(value), next);
        }
        assert_eq!((slab.remove(1), slab.remove(3)), (1, 3));
        assert_eq!(slab.iter().copied().collect::<Vec<_>>(), [0, 2]);
        for value in [30, 10, 40] {
            let next = slab.next_key();
            assert_eq!(slab.insert(value), next);
        }
        assert_eq!(slab.iter().copied().collect::<Vec<_>>(), [0, 10, 2, 30, 40]);
        assert_eq!((slab.len(), slab.is_empty()), (5, false));
    }

    #[test]
    #[should_panic(expected = "nothing under key 0")]
    fn a_value_is_removed_once() {
        let mut slab = Slab::new();
        slab.insert(());
        slab.remove(0);
        slab.remove(0);
    }
}
