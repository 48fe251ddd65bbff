//! Programs that do not want to hear of their children.

use std::{mem, ptr};

/// Whether children of this process leave no zombies, because the program ignores `SIGCHLD` or asked for it. No handler is
/// installed then: it would change that for all children.
pub(super) fn kernel_reaps() -> bool {
    // SAFETY: a `sigaction` is plain data, for which zero is a value.
    let mut action: libc::sigaction = unsafe { mem::zeroed() };
    // SAFETY: changes nothing, and writes one `sigaction`.
    let asked = unsafe { libc::sigaction(libc::SIGCHLD, ptr::null(), &mut action) };
    let ignores = action.sa_sigaction == libc::SIG_IGN;
    asked == 0 && (ignores || action.sa_flags & libc::SA_NOCLDWAIT != 0)
}
