//! Everybody who awaits the readiness of one handle in one direction through a future of their own.
//!
//! Wakers are user code: they may panic, and they may drop sockets or take locks. So they are moved out under the lock and
//! called when nobody holds it, each for itself. That is what a list of event listeners that wakes under its own lock
//! could not do.

use std::task::Waker;

use crate::sync::{Mutex, lock};

/// Any number of wakers, each in a place of its own. Owned by the handle's `Source`.
#[derive(Debug)]
pub(crate) struct Crowd {
    members: Mutex<Members>,
}

#[derive(Debug, Default)]
struct Members {
    places: Vec<Place>,
    /// One that is free, if any, which leads to the others.
    first_free: Option<usize>,
    /// How many of them are free.
    free: usize,
}

#[derive(Debug)]
enum Place {
    /// Nobody's. The next such place, if any.
    Free(Option<usize>),
    Waiting(Waker),
    /// Its waker was taken out, to be called; the member has not looked since.
    Called,
}

/// A member's place in the crowd. Belongs to one future, which must [`leave`](Crowd::leave) in the end.
#[derive(Debug)]
pub(crate) struct Membership(usize);

impl Crowd {
    pub(crate) fn new() -> Crowd {
        Crowd {
            members: Mutex::default(),
        }
    }

    /// Leaves `waker`, in the caller's place if it has one. False if that place was called since: the caller has none any
    /// more, and must look again at what it waits for.
    #[must_use]
    pub(crate) fn wait(&self, membership: &mut Option<Membership>, waker: &Waker) -> bool {
        if let Some(Membership(place)) = membership {
            if let Place::Waiting(left) = &lock(&self.members).places[*place] {
                if left.will_wake(waker) {
                    return true;
                }
            }
        }
        // Cloned before the lock is taken, dropped after it.
        let mut waiting = Place::Waiting(waker.clone());
        let mut members = lock(&self.members);
        let Some(&Membership(place)) = membership.as_ref() else {
            *membership = Some(members.join(waiting));
            return true;
        };
        let is_called = matches!(members.places[place], Place::Called);
        if is_called {
            members.vacate(place);
            *membership = None;
        } else {
            std::mem::swap(&mut members.places[place], &mut waiting);
        }
        drop(members);
        drop(waiting);
        !is_called
    }

    /// Gives the place up. Whoever was called and leaves loses nobody's wake-up: all were called.
    pub(crate) fn leave(&self, Membership(place): Membership) {
        // Bound, so that the waker is dropped after the lock is released.
        let _waker = lock(&self.members).vacate(place);
    }

    /// Moves the wakers of all who wait to `wakers`. Calls none.
    pub(crate) fn call(&self, wakers: &mut Vec<Waker>) {
        for place in &mut lock(&self.members).places {
            if matches!(place, Place::Waiting(_)) {
                if let Place::Waiting(waker) = std::mem::replace(place, Place::Called) {
                    wakers.push(waker);
                }
            }
        }
    }

    /// Whether nobody waits.
    pub(crate) fn is_empty(&self) -> bool {
        !lock(&self.members)
            .places
            .iter()
            .any(|place| matches!(place, Place::Waiting(_)))
    }
}

impl Members {
    fn join(&mut self, waiting: Place) -> Membership {
        let Some(place) = self.first_free else {
            self.places.push(waiting);
            return Membership(self.places.len() - 1);
        };
        if let Place::Free(next) = std::mem::replace(&mut self.places[place], waiting) {
            self.first_free = next;
        }
        self.free -= 1;
        Membership(place)
    }

    /// Returns what was there, to be dropped when the lock is released.
    fn vacate(&mut self, place: usize) -> Place {
        let left = std::mem::replace(&mut self.places[place], Place::Free(self.first_free));
        self.first_free = Some(place);
        self.free += 1;
        if self.free == self.places.len() {
            // The last one turns off the light. One place stays, for a handle that one task awaits again and again.
            self.places.clear();
            self.places.shrink_to(1);
            self.places.push(Place::Free(None));
            self.first_free = Some(0);
            self.free = 1;
        }
        left
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    #[derive(Default)]
    struct Counter(AtomicUsize);

    impl Wake for Counter {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn call(crowd: &Crowd) -> usize {
        let mut wakers = Vec::new();
        crowd.call(&mut wakers);
        let count = wakers.len();
        wakers.into_iter().for_each(Waker::wake);
        count
    }

    #[test]
    fn everybody_who_waits_is_called_once() {
        let crowd = Crowd::new();
        let counter = Arc::new(Counter::default());
        let waker = Waker::from(counter.clone());
        let mut members: Vec<_> = (0..10).map(|_| None).collect();
        for member in &mut members {
            assert!(crowd.wait(member, &waker));
            assert!(crowd.wait(member, &waker), "waiting again keeps the place");
        }
        assert_eq!(call(&crowd), 10);
        assert_eq!(call(&crowd), 0);
        assert_eq!(counter.0.load(Ordering::SeqCst), 10);
        assert!(crowd.is_empty());
        for member in &mut members {
            assert!(!crowd.wait(member, &waker), "called since");
            assert!(member.is_none());
        }
        assert_eq!(Arc::strong_count(&counter), 2, "no waker is kept");
    }

    #[test]
    fn places_are_reused_and_given_back() {
        let crowd = Crowd::new();
        let mut members: Vec<_> = (0..1000).map(|_| None).collect();
        for member in &mut members {
            assert!(crowd.wait(member, Waker::noop()));
        }
        for member in members.iter_mut().step_by(2) {
            crowd.leave(member.take().unwrap());
        }
        for member in members.iter_mut().filter(|member| member.is_none()) {
            assert!(crowd.wait(member, Waker::noop()));
        }
        assert_eq!(lock(&crowd.members).places.len(), 1000);
        for member in members {
            crowd.leave(member.unwrap());
        }
        assert_eq!(lock(&crowd.members).places.len(), 1);
    }

    #[test]
    fn a_waker_whose_clone_panics_leaves_the_crowd_as_it_was() {
        use std::task::{RawWaker, RawWakerVTable};

        static VTABLE: RawWakerVTable =
            RawWakerVTable::new(|_| panic!("clone"), |_| {}, |_| {}, |_| {});
        // SAFETY: the functions keep the contract, as no data is behind the pointer.
        let bad = unsafe { Waker::from_raw(RawWaker::new(std::ptr::null(), &VTABLE)) };
        let crowd = Crowd::new();
        let mut member = None;
        let waited = catch_unwind(AssertUnwindSafe(|| crowd.wait(&mut member, &bad)));
        assert!(waited.is_err() && member.is_none() && crowd.is_empty());
        assert!(crowd.wait(&mut member, Waker::noop()));
        assert_eq!(call(&crowd), 1);
    }
}
