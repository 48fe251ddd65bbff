//! Waiting until a process ends, with whatever the system gives.

use std::io;
use std::process::ExitStatus;
use std::time::Duration;

use leno_reactor::Timer;

use super::bell::Listener;
use crate::process::{Look, Process};

/// Between two looks at a process that nothing else tells of: at first, and at most.
const SHORTEST_REST: Duration = Duration::from_millis(1);
const LONGEST_REST: Duration = Duration::from_millis(100);

/// Waits for the exit status.
///
/// It goes round a second time only if something was refused, or if the pidfd says that the process has ended before its
/// parent may know: a debugger is told first.
pub(crate) async fn wait(process: &Process) -> io::Result<ExitStatus> {
    let mut rest = SHORTEST_REST;
    loop {
        let watch = match process.look()? {
            Look::Ended(status) => return Ok(status),
            Look::Running(watch) => watch,
        };
        let told = match watch.ended().await {
            true => process.try_status()?,
            false => by_bell(process).await?,
        };
        if let Some(status) = told {
            return Ok(status);
        }
        Timer::after(rest).await;
        rest = (rest * 2).min(LONGEST_REST);
    }
}

/// Looks at the process each time that some child has ended. `None` if the system refuses to tell.
async fn by_bell(process: &Process) -> io::Result<Option<ExitStatus>> {
    let Ok(mut listener) = Listener::new() else {
        return Ok(None);
    };
    loop {
        // After the listener is there: who ends from here on rings it.
        if let Some(status) = process.try_status()? {
            return Ok(Some(status));
        }
        if listener.rung().await.is_err() {
            return Ok(None);
        }
    }
}
