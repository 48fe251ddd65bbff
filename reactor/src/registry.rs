//! Which token stands for which source.
//!
//! A token is an index and a generation. Every insertion has a generation of its own, so an event that the OS had on
//! the way for a handle that is gone, or for an earlier user of the same place, finds nothing.

use std::sync::Arc;

use crate::source::Source;

/// How many bits of a token are the index. A token must fit into a `usize`, which is what `polling` carries.
const INDEX_BITS: u32 = if usize::BITS >= 64 { 32 } else { 20 };
/// The largest generation that the other bits can hold.
const GENERATIONS: u32 = (usize::MAX as u64 >> INDEX_BITS) as u32;

/// How many empty places are kept for the next sources.
const KEPT_PLACES: usize = 1024;

/// The sources of one reactor. Owned by it, behind its lock.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    places: Vec<Place>,
    free: Vec<u32>,
    last_generation: u32,
    /// How many events the OS has reported for sources in here.
    pub(crate) events: u64,
}

#[derive(Debug)]
struct Place {
    generation: u32,
    source: Option<Arc<Source>>,
}

impl Registry {
    pub(crate) fn insert(&mut self, source: Arc<Source>) -> u64 {
        // Never zero: token 0 is the poller's own.
        self.last_generation = if self.last_generation == GENERATIONS {
            1
        } else {
            self.last_generation + 1
        };
        let place = Place {
            generation: self.last_generation,
            source: Some(source),
        };
        let index = match self.free.pop() {
            Some(index) => {
                self.places[index as usize] = place;
                index
            }
            None => {
                self.places.push(place);
                u32::try_from(self.places.len() - 1).expect("fewer than 2^32 descriptors")
            }
        };
        (u64::from(self.last_generation) << INDEX_BITS) | u64::from(index)
    }

    /// Returns the source so that the caller can drop it when it holds no lock: it may hold wakers.
    #[must_use]
    pub(crate) fn remove(&mut self, token: u64) -> Option<Arc<Source>> {
        let (index, generation) = split(token);
        let place = self
            .places
            .get_mut(index)
            .filter(|place| place.generation == generation)?;
        let source = place.source.take()?;
        self.free.push(index as u32);
        if self.is_empty() && self.places.len() > KEPT_PLACES {
            // A crowd has left: give its memory back.
            self.places = Vec::new();
            self.free = Vec::new();
        }
        Some(source)
    }

    pub(crate) fn get(&self, token: u64) -> Option<&Arc<Source>> {
        let (index, generation) = split(token);
        self.places
            .get(index)
            .filter(|place| place.generation == generation)?
            .source
            .as_ref()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<Source>> {
        self.places.iter().filter_map(|place| place.source.as_ref())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.free.len() == self.places.len()
    }
}

fn split(token: u64) -> (usize, u32) {
    (
        (token & ((1 << INDEX_BITS) - 1)) as usize,
        (token >> INDEX_BITS) as u32,
    )
}
