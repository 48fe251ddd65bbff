//! Waiting for the handle of a process.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::io;
use std::os::windows::io::{AsHandle, AsRawHandle, OwnedHandle};
use std::process::{Child, ExitStatus};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use windows_sys::Win32::Foundation::WAIT_OBJECT_0;
use windows_sys::Win32::System::Threading::{INFINITE, WaitForSingleObject};

use crate::process::{Look, Process};

/// A job on the blocking pool that waits for a process, and those who wait for the job. There is one a process, started when
/// somebody first waits, however many do.
#[derive(Clone, Debug, Default)]
pub(crate) struct Watch(Option<Arc<Job>>);

#[derive(Debug, Default)]
struct Job(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    outcome: Option<Outcome>,
    /// Numbers those who wait.
    joined: u64,
    waiting: BTreeMap<u64, Waker>,
}

/// How the wait went: the error's code if it failed.
type Outcome = Result<(), i32>;

impl Watch {
    /// Starts the job, unless it runs.
    pub(crate) fn open(&mut self, child: &Child) {
        if self.0.is_none() {
            let job = Arc::new(Job::default());
            self.0 = Some(job.clone());
            let handle = child.as_handle().try_clone_to_owned();
            leno_executor::unblock(move || {
                let outcome = handle.and_then(|handle| wait_for(&handle));
                job.finish(outcome.map_err(|error| error.raw_os_error().unwrap_or_default()));
            })
            .detach();
        }
    }
}

fn wait_for(handle: &OwnedHandle) -> io::Result<()> {
    // SAFETY: the handle is open.
    match unsafe { WaitForSingleObject(handle.as_raw_handle(), INFINITE) } {
        WAIT_OBJECT_0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

impl Job {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn finish(&self, outcome: Outcome) {
        let mut state = self.lock();
        state.outcome = Some(outcome);
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        waiting.into_values().for_each(Waker::wake);
    }

    async fn done(&self) -> Outcome {
        let mut seat = Seat {
            job: self,
            number: None,
        };
        poll_fn(|cx| {
            let mut state = self.lock();
            if let Some(outcome) = state.outcome {
                return Poll::Ready(outcome);
            }
            let number = *seat.number.get_or_insert_with(|| {
                state.joined += 1;
                state.joined
            });
            let replaced = state.waiting.insert(number, cx.waker().clone());
            drop(state);
            drop(replaced);
            Poll::Pending
        })
        .await
    }
}

/// The place of one who waits.
struct Seat<'a> {
    job: &'a Job,
    number: Option<u64>,
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        if let Some(number) = self.number {
            let mut state = self.job.lock();
            let waker = state.waiting.remove(&number);
            drop(state);
            drop(waker);
        }
    }
}

/// Waits for the exit status.
pub(crate) async fn wait(process: &Process) -> io::Result<ExitStatus> {
    loop {
        match process.look()? {
            Look::Ended(status) => return Ok(status),
            Look::Running(Watch(Some(job))) => {
                job.done().await.map_err(io::Error::from_raw_os_error)?
            }
            Look::Running(Watch(None)) => unreachable!("a look opens the watch"),
        }
    }
}
