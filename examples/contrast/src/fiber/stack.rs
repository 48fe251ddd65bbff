//! Stacks for fibers: mapped many at a time, each with a guard page, and used again.
//!
//! Nothing is held back: a stack costs the pages that were touched, at least one, and a fiber that was deep keeps its pages
//! until the process ends, in the pool. A usual guard page splits a mapping in two, and Linux allows 65,530 mappings, so
//! that there could be 32,765 stacks. Since 6.13 `MADV_GUARD_INSTALL` makes guard pages without that, and is used where it
//! works.

use std::num::NonZeroUsize;
use std::ptr::null_mut;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use concurrent_queue::ConcurrentQueue;
use corosensei::stack::{Stack as Stackful, StackPointer};
use rustix::mm::{Advice, MapFlags, MprotectFlags, ProtFlags, madvise, mmap_anonymous, mprotect};

/// The smallest unit of protection. A guard has that of the machine, which no common one has larger than this.
const GUARD: usize = 4096;

/// How many stacks are mapped at once.
const AT_ONCE: usize = 64;

/// Of each stack, without its guard. Written by `set_stack_size`, before there are fibers; read when stacks are mapped.
static SIZE: AtomicUsize = AtomicUsize::new(256 * 1024);

/// Sets the size of stacks, in bytes: 256 KiB, if nothing else is said, for a panic that prints a backtrace needs a good part of it. To be called before there is any fiber.
pub fn set_stack_size(bytes: usize) {
    assert!(
        bytes >= corosensei::stack::MIN_STACK_SIZE && bytes % GUARD == 0,
        "{bytes} B are no stack"
    );
    SIZE.store(bytes, Ordering::Relaxed);
}

fn pool() -> &'static ConcurrentQueue<Stack> {
    static POOL: OnceLock<ConcurrentQueue<Stack>> = OnceLock::new();
    POOL.get_or_init(ConcurrentQueue::unbounded)
}

/// A piece of a mapping that is never unmapped.
pub struct Stack {
    /// The highest address.
    base: StackPointer,
    /// The lowest, that of its guard.
    limit: StackPointer,
}

// SAFETY: `map` has put a guard page at the lowest address, and the size is at least what is asked for.
unsafe impl Stackful for Stack {
    fn base(&self) -> StackPointer {
        self.base
    }

    fn limit(&self) -> StackPointer {
        self.limit
    }
}

impl Stack {
    /// One that was used before, if there is one.
    pub fn take() -> Stack {
        loop {
            if let Ok(stack) = pool().pop() {
                return stack;
            }
            map();
        }
    }

    pub fn give_back(stack: Stack) {
        // The pool is unbounded and never closed.
        let _ = pool().push(stack);
    }
}

/// Maps some stacks, and puts them into the pool.
fn map() {
    let each = SIZE.load(Ordering::Relaxed) + GUARD;
    let length = AT_ONCE * each;
    // SAFETY: a new mapping, at an address that the kernel chooses.
    let start = unsafe {
        mmap_anonymous(
            null_mut(),
            length,
            ProtFlags::READ | ProtFlags::WRITE,
            MapFlags::PRIVATE | MapFlags::NORESERVE,
        )
    }
    .unwrap_or_else(|error| panic!("no memory for stacks: {error}"));
    // SAFETY: it is the mapping from above. With huge pages a stack would cost two megabytes at its first use. A kernel
    // that knows none refuses the advice, and needs none.
    let _ = unsafe { madvise(start, length, Advice::LinuxNoHugepage) };
    for index in 0..AT_ONCE {
        let limit = start as usize + index * each;
        guard(limit as *mut _);
        let pointer = |address| NonZeroUsize::new(address).expect("no mapping is at zero");
        Stack::give_back(Stack {
            base: pointer(limit + each),
            limit: pointer(limit),
        });
    }
}

/// Makes a page one that must not be touched.
fn guard(page: *mut std::ffi::c_void) {
    /// Of `linux/mman.h`, since 6.13.
    const MADV_GUARD_INSTALL: i32 = 102;
    // SAFETY: the page is the lowest of a stack that nobody uses yet.
    let light = unsafe { nix::libc::madvise(page, GUARD, MADV_GUARD_INSTALL) } == 0;
    if !light {
        // SAFETY: as above.
        unsafe { mprotect(page, GUARD, MprotectFlags::empty()) }.unwrap_or_else(|error| {
            panic!("no guard page for a stack, for there are too many of them: {error}")
        });
    }
}
