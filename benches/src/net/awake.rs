//! Keeps the CPUs from falling asleep.
//!
//! In a conversation of two pinned processes each CPU has nothing to do for half of the time. What it costs to put it to
//! sleep and to wake it, in a virtual machine above all, is many times what there is to be measured, and never twice the
//! same. So a thread of the lowest class of all spins on each of them, which gives way at once to whatever else there is.

use std::hint;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use anyhow::{Context as _, ensure};

use super::pin::pin_to;

/// The CPUs stay awake until this is dropped.
pub struct Awake {
    /// Written when this is dropped, read by the spinning threads. Nothing is handed over with it.
    over: Arc<AtomicBool>,
    spinners: Vec<JoinHandle<anyhow::Result<()>>>,
}

impl Awake {
    /// Starts the threads.
    pub fn keep() -> anyhow::Result<Awake> {
        let over = Arc::new(AtomicBool::new(false));
        let spinners = (0..thread::available_parallelism()?.get())
            .map(|cpu| {
                let over = Arc::clone(&over);
                thread::Builder::new()
                    .name(format!("awake-{cpu}"))
                    .spawn(move || spin(cpu, &over))
                    .context("no thread to keep a CPU awake")
            })
            .collect::<anyhow::Result<_>>()?;
        Ok(Awake { over, spinners })
    }
}

impl Drop for Awake {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        for spinner in self.spinners.drain(..) {
            match spinner.join() {
                Ok(Ok(())) => {}
                Ok(Err(error)) => eprintln!("a CPU may have slept: {error:#}"),
                Err(_) => eprintln!("a CPU may have slept: its thread panicked"),
            }
        }
    }
}

fn spin(cpu: usize, over: &AtomicBool) -> anyhow::Result<()> {
    pin_to(cpu)?;
    let parameters = libc::sched_param { sched_priority: 0 };
    // SAFETY: the call only reads the parameters, which outlive it; 0 is the calling thread.
    let result = unsafe { libc::sched_setscheduler(0, libc::SCHED_IDLE, &raw const parameters) };
    ensure!(
        result == 0,
        "the class of a thread can't be lowered: {}",
        std::io::Error::last_os_error()
    );
    while !over.load(Ordering::Relaxed) {
        hint::spin_loop();
    }
    Ok(())
}
