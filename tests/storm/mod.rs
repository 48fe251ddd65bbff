//! Signals at every thread of the process, so that system calls are interrupted all the time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

/// Written by the handler, read by the test. Relaxed: it only counts.
static SIGNALS: AtomicUsize = AtomicUsize::new(0);

/// How many signals have arrived.
pub fn signals() -> usize {
    SIGNALS.load(Ordering::Relaxed)
}

extern "C" fn count(_: libc::c_int) {
    SIGNALS.fetch_add(1, Ordering::Relaxed);
}

/// Signals fall for as long as it lives.
pub struct Storm {
    over: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Storm {
    pub fn new() -> Storm {
        // SAFETY: the handler only touches an atomic. Without `SA_RESTART`, so that calls are interrupted.
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = count as extern "C" fn(libc::c_int) as usize;
            assert_eq!(
                libc::sigaction(libc::SIGUSR1, &action, std::ptr::null_mut()),
                0
            );
        }
        let over = Arc::new(AtomicBool::new(false));
        let until = over.clone();
        let thread = std::thread::spawn(move || {
            // SAFETY: they only ask for numbers.
            let (process, own) = unsafe { (libc::getpid(), libc::syscall(libc::SYS_gettid)) };
            while !until.load(Ordering::Relaxed) {
                for task in std::fs::read_dir("/proc/self/task").unwrap() {
                    let Ok(task) = task else { continue };
                    let thread: libc::c_long = task.file_name().to_str().unwrap().parse().unwrap();
                    if thread != own {
                        // SAFETY: a thread that is gone is refused; the signal has a handler.
                        unsafe { libc::syscall(libc::SYS_tgkill, process, thread, libc::SIGUSR1) };
                    }
                }
                std::thread::sleep(Duration::from_micros(50));
            }
        });
        Storm {
            over,
            thread: Some(thread),
        }
    }
}

impl Drop for Storm {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        self.thread.take().unwrap().join().unwrap();
    }
}
