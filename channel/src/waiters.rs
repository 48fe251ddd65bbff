//! [`Waiters`]: the futures that wait for one kind of event, in the order in which they came.

use std::num::NonZeroU32;
use std::task::Waker;

use crate::wake_list::WakeList;

/// No place. There are never so many, so it is an index at which nothing is found.
const NONE: u32 = u32::MAX;

/// With so many places or fewer, the memory is kept when nobody waits any more.
const KEPT: usize = 64;

/// A future's right to a place. It must be given back with [`Waiters::leave`]: a place whose ticket is lost is never
/// free again, and a notification that it gets is lost with it.
#[derive(Debug)]
pub(crate) struct Ticket(
    /// One more than the index of the place, so that an `Option<Ticket>` needs no more room than this.
    NonZeroU32,
);

impl Ticket {
    #[inline]
    fn index(&self) -> u32 {
        self.0.get() - 1
    }
}

/// The place of one future.
struct Place<P> {
    /// The future waits if this is here, and has been notified, or there is no future, if it isn't.
    waker: Option<Waker>,
    /// Who came before, for one that waits.
    previous: u32,
    /// Who came after, for one that waits; for a free place, another free one.
    next: u32,
    /// What the future has brought along.
    baggage: P,
}

/// A queue of waiting futures from which any can leave.
///
/// A place *waits* until it is *notified*; it stays its future's until that leaves or waits again. Wakers are given
/// out, never called, and never dropped: everything here happens inside of the channel's lock.
///
/// Most bring nothing along. In a rendezvous channel a `Send` brings its message, and who notifies it takes that.
pub(crate) struct Waiters<P = ()> {
    /// All places; a future keeps the index of its own in its ticket.
    places: Vec<Place<P>>,
    /// Who has waited longest.
    first: u32,
    /// Who has waited shortest.
    last: u32,
    /// A place that nobody has.
    free: u32,
    /// How many places futures have, notified ones included.
    taken: u32,
}

impl Waiters {
    /// Lets a future that comes with a clone of its waker wait at the end of the queue.
    #[inline]
    pub(crate) fn enter(&mut self, waker: Waker) -> Ticket {
        self.enter_with(waker, ())
    }

    /// Takes the place away from a future. Returns its waker if it was waiting, `None` if it had been notified.
    #[must_use]
    #[inline]
    pub(crate) fn leave(&mut self, ticket: Ticket) -> Option<Waker> {
        self.leave_with(ticket).0
    }
}

impl<P: Default> Waiters<P> {
    pub(crate) const fn new() -> Waiters<P> {
        Waiters {
            places: Vec::new(),
            first: NONE,
            last: NONE,
            free: NONE,
            taken: 0,
        }
    }

    /// Whether there is somebody to notify.
    #[inline]
    pub(crate) fn anyone_waits(&self) -> bool {
        self.first != NONE
    }

    /// [`enter`](Waiters::enter) for one that brings something along.
    #[inline]
    pub(crate) fn enter_with(&mut self, waker: Waker, baggage: P) -> Ticket {
        let last = self.last;
        let index = self.free;
        let index = if let Some(place) = self.places.get_mut(index as usize) {
            self.free = place.next;
            place.waker = Some(waker);
            place.previous = last;
            place.next = NONE;
            place.baggage = baggage;
            index
        } else {
            self.add_place(waker, baggage)
        };
        *self.link_after(last) = index;
        self.last = index;
        self.taken += 1;
        // There is no place `NONE`.
        Ticket(NonZeroU32::MIN.saturating_add(index))
    }

    /// A place more than there were, behind the last one that waits.
    #[cold]
    fn add_place(&mut self, waker: Waker, baggage: P) -> u32 {
        let index = u32::try_from(self.places.len()).unwrap_or(NONE);
        assert_ne!(index, NONE, "too many futures wait on one channel");
        self.places.push(Place {
            waker: Some(waker),
            previous: self.last,
            next: NONE,
            baggage,
        });
        index
    }

    /// Lets the future that has `ticket` wait on for a notification, which will call `current`. Returns `false` if a
    /// clone of `current` is needed for that in `spare`: to make one here would run foreign code under the lock.
    ///
    /// Whatever is in `spare` afterwards is for the caller to drop when the lock is gone.
    #[must_use]
    pub(crate) fn stay(
        &mut self,
        ticket: &Ticket,
        current: &Waker,
        spare: &mut Option<Waker>,
    ) -> bool {
        let index = ticket.index();
        let first = self.first;
        let place = &mut self.places[index as usize];
        match &place.waker {
            Some(waker) if waker.will_wake(current) => true,
            _ if spare.is_none() => false,
            Some(_) => {
                std::mem::swap(&mut place.waker, spare);
                true
            }
            None => {
                // It was its turn and somebody else was faster: it stays its turn.
                place.waker = spare.take();
                place.previous = NONE;
                place.next = first;
                self.first = index;
                *self.link_before(first) = index;
                true
            }
        }
    }

    /// [`leave`](Waiters::leave) for one that brought something along, which comes back too if nobody has taken it.
    #[must_use]
    #[inline]
    pub(crate) fn leave_with(&mut self, ticket: Ticket) -> (Option<Waker>, P) {
        let index = ticket.index();
        let place = &mut self.places[index as usize];
        let waker = place.waker.take();
        let baggage = std::mem::take(&mut place.baggage);
        let (previous, next) = (place.previous, place.next);
        place.next = self.free;
        if waker.is_some() {
            *self.link_after(previous) = next;
            *self.link_before(next) = previous;
        }
        self.free = index;
        self.taken -= 1;
        if self.taken == 0 && self.places.len() > KEPT {
            self.clear();
        }
        (waker, baggage)
    }

    /// There was a rush, and it is over.
    #[cold]
    fn clear(&mut self) {
        self.places = Vec::new();
        self.free = NONE;
    }

    /// Notifies who has waited longest. The waker is to be called when the lock is gone.
    #[must_use]
    #[inline]
    pub(crate) fn notify_one(&mut self) -> Option<Waker> {
        let place = self.places.get_mut(self.first as usize)?;
        let waker = place.waker.take();
        self.first = place.next;
        *self.link_before(self.first) = NONE;
        waker
    }

    /// Takes from who has waited longest what it brought along, and notifies it.
    #[must_use]
    pub(crate) fn relieve_one(&mut self) -> Option<(Waker, P)> {
        let place = self.places.get_mut(self.first as usize)?;
        let baggage = std::mem::take(&mut place.baggage);
        Some((self.notify_one()?, baggage))
    }

    /// Whether the future that has `ticket` has been notified.
    pub(crate) fn is_notified(&self, ticket: &Ticket) -> bool {
        self.places[ticket.index() as usize].waker.is_none()
    }

    /// Notifies everybody, which is to be called when the lock is gone.
    pub(crate) fn notify_all(&mut self, wakes: &mut WakeList) {
        while let Some(waker) = self.notify_one() {
            wakes.push(waker);
        }
    }

    /// What says who comes after `place`, or who is first if there is no such place.
    #[inline]
    fn link_after(&mut self, place: u32) -> &mut u32 {
        match self.places.get_mut(place as usize) {
            Some(place) => &mut place.next,
            None => &mut self.first,
        }
    }

    /// What says who comes before `place`, or who is last if there is no such place.
    #[inline]
    fn link_before(&mut self, place: u32) -> &mut u32 {
        match self.places.get_mut(place as usize) {
            Some(place) => &mut place.previous,
            None => &mut self.last,
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    #[derive(Default)]
    struct Bell(AtomicUsize);

    impl Wake for Bell {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    struct Guest {
        bell: Arc<Bell>,
        waker: Waker,
        ticket: Option<Ticket>,
    }

    impl Guest {
        fn arrive(waiters: &mut Waiters) -> Guest {
            let bell = Arc::new(Bell::default());
            let waker = Waker::from(bell.clone());
            Guest {
                ticket: Some(waiters.enter(waker.clone())),
                waker,
                bell,
            }
        }

        fn stay(&self, waiters: &mut Waiters, waker: &Waker, spare: &mut Option<Waker>) -> bool {
            let ticket = self.ticket.as_ref().expect("a guest that is here");
            waiters.stay(ticket, waker, spare)
        }

        fn leave(&mut self, waiters: &mut Waiters) -> Option<Waker> {
            waiters.leave(self.ticket.take().expect("a guest that is here"))
        }

        /// How often it was called since last asked.
        fn calls(&self) -> usize {
            self.bell.0.swap(0, Ordering::SeqCst)
        }
    }

    /// Calls the next one, and says which of `guests` that was.
    fn call_next(waiters: &mut Waiters, guests: &[Guest]) -> Option<usize> {
        waiters.notify_one()?.wake();
        guests.iter().position(|guest| guest.calls() == 1)
    }

    #[test]
    fn the_longest_waiting_is_called_first() {
        let mut waiters: Waiters = Waiters::new();
        let guests: Vec<_> = (0..5).map(|_| Guest::arrive(&mut waiters)).collect();
        for expected in 0..5 {
            assert_eq!(call_next(&mut waiters, &guests), Some(expected));
        }
        assert_eq!(call_next(&mut waiters, &guests), None);
    }

    #[test]
    fn any_of_them_can_leave() {
        for leaver in 0..3 {
            let mut waiters: Waiters = Waiters::new();
            let mut guests: Vec<_> = (0..3).map(|_| Guest::arrive(&mut waiters)).collect();
            assert!(guests[leaver].leave(&mut waiters).is_some());
            for expected in (0..3).filter(|&guest| guest != leaver) {
                assert_eq!(call_next(&mut waiters, &guests), Some(expected));
            }
            assert_eq!(call_next(&mut waiters, &guests), None);
        }
    }

    #[test]
    fn who_was_called_and_waits_again_keeps_its_turn() {
        let mut waiters: Waiters = Waiters::new();
        let mut guests: Vec<_> = (0..3).map(|_| Guest::arrive(&mut waiters)).collect();
        assert_eq!(call_next(&mut waiters, &guests), Some(0));
        let waker = guests[0].waker.clone();
        assert!(!guests[0].stay(&mut waiters, &waker, &mut None));
        assert!(guests[0].stay(&mut waiters, &waker, &mut Some(waker.clone())));
        assert_eq!(call_next(&mut waiters, &guests), Some(0));
        assert!(guests[0].leave(&mut waiters).is_none(), "it was called");
        assert_eq!(call_next(&mut waiters, &guests), Some(1));
    }

    #[test]
    fn the_same_waker_needs_no_clone_and_another_one_replaces_it() {
        let mut waiters: Waiters = Waiters::new();
        let guest = Guest::arrive(&mut waiters);
        let mut spare = None;
        assert!(guest.stay(&mut waiters, &guest.waker, &mut spare));

        let bell = Arc::new(Bell::default());
        let other = Waker::from(bell.clone());
        assert!(!guest.stay(&mut waiters, &other, &mut spare));
        spare = Some(other.clone());
        assert!(guest.stay(&mut waiters, &other, &mut spare));
        assert!(spare.is_some_and(|old| old.will_wake(&guest.waker)));

        waiters.notify_one().expect("it waits").wake();
        assert_eq!(guest.calls(), 0);
        assert_eq!(bell.0.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn places_are_used_again_and_a_rush_leaves_nothing_behind() {
        let mut waiters: Waiters = Waiters::new();
        for _ in 0..1000 {
            let mut guest = Guest::arrive(&mut waiters);
            assert!(guest.leave(&mut waiters).is_some());
        }
        assert_eq!(waiters.places.len(), 1);

        let mut guests: Vec<_> = (0..=KEPT).map(|_| Guest::arrive(&mut waiters)).collect();
        let mut wakes = WakeList::default();
        waiters.notify_all(&mut wakes);
        wakes.wake();
        for guest in &mut guests {
            assert_eq!(guest.calls(), 1);
            assert!(guest.leave(&mut waiters).is_none());
        }
        assert_eq!(waiters.places.capacity(), 0);
        let guest = Guest::arrive(&mut waiters);
        assert_eq!(call_next(&mut waiters, &[guest]), Some(0));
    }

    #[test]
    fn baggage_goes_to_who_relieves_or_back_to_who_leaves() {
        let mut waiters: Waiters<Option<char>> = Waiters::new();
        let [first, second, third] =
            ['a', 'b', 'c'].map(|char| waiters.enter_with(Waker::noop().clone(), Some(char)));
        assert!(matches!(waiters.relieve_one(), Some((_, Some('a')))));
        assert!(waiters.is_notified(&first));
        assert!(matches!(waiters.leave_with(first), (None, None)));
        assert!(matches!(waiters.leave_with(second), (Some(_), Some('b'))));
        waiters.notify_all(&mut WakeList::default());
        assert!(waiters.is_notified(&third));
        assert!(matches!(waiters.leave_with(third), (None, Some('c'))));
        assert!(waiters.relieve_one().is_none());
    }
}
