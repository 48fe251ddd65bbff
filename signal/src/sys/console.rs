//! The handler that the console of Windows calls for Ctrl-C, and those who hear of it.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use windows_sys::Win32::System::Console::{CTRL_C_EVENT, SetConsoleCtrlHandler};
use windows_sys::core::BOOL;

use super::windows::Slot;

static LISTENERS: Mutex<Listeners> = Mutex::new(Listeners {
    installed: false,
    slots: Vec::new(),
});

struct Listeners {
    /// Whether the console knows the handler. It stays when nobody listens any more, as everywhere.
    installed: bool,
    slots: Vec<Arc<Slot>>,
}

fn listeners() -> MutexGuard<'static, Listeners> {
    LISTENERS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// From here on `slot` hears of Ctrl-C.
pub(super) fn add(slot: Arc<Slot>) -> io::Result<()> {
    let mut listeners = listeners();
    if !listeners.installed {
        // SAFETY: `handler` lives for ever and may be called on any thread.
        if unsafe { SetConsoleCtrlHandler(Some(handler), 1) } == 0 {
            return Err(io::Error::last_os_error());
        }
        listeners.installed = true;
    }
    listeners.slots.push(slot);
    Ok(())
}

/// From here on `slot` hears nothing any more.
pub(super) fn remove(slot: &Arc<Slot>) {
    listeners().slots.retain(|known| !Arc::ptr_eq(known, slot));
}

/// Called by the console on a thread of its own. Says whether it has dealt with the event.
unsafe extern "system" fn handler(event: u32) -> BOOL {
    if event != CTRL_C_EVENT {
        return 0;
    }
    // Wakers are called without the lock.
    let slots = listeners().slots.clone();
    for slot in slots {
        slot.put();
    }
    1
}
