//! The signals that a program can listen for, by name.

use std::os::raw::c_int;

use crate::sys::number;

/// The numbers are those of the platform, so that `signal as i32` is what its system calls take.
macro_rules! signals {
    ($($(#[$attribute:meta])* $name:ident = $number:ident,)+) => {
        /// A signal, named as POSIX does without the `SIG`. Its number is `signal as i32`.
        ///
        /// Not every one of them can be listened for: see [`Signals::add_signals`](crate::Signals::add_signals).
        ///
        /// # Examples
        ///
        /// ```
        /// use leno_signal::Signal;
        ///
        /// assert_eq!(Signal::Int as i32, 2);
        /// assert_eq!(Signal::Term as i32, 15);
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(i32)]
        pub enum Signal {
            $($(#[$attribute])* $name = number::$number,)+
        }

        impl Signal {
            pub(crate) const fn number(self) -> c_int {
                self as c_int
            }

            #[cfg(unix)]
            pub(crate) fn from_number(number: c_int) -> Option<Signal> {
                const ALL: &[Signal] = &[$(Signal::$name),+];
                ALL.iter().copied().find(|signal| signal.number() == number)
            }
        }
    };
}

signals! {
    /// `SIGHUP`: the terminal is gone; services often read their settings anew.
    Hup = SIGHUP,
    /// `SIGINT`: Ctrl-C.
    Int = SIGINT,
    /// `SIGQUIT`: Ctrl-\\.
    Quit = SIGQUIT,
    /// `SIGILL`: an instruction that there is not. Can't be listened for.
    Ill = SIGILL,
    /// `SIGTRAP`: a breakpoint.
    Trap = SIGTRAP,
    /// `SIGABRT`, also called `SIGIOT`: the program gives itself up. It ends after its handlers.
    #[doc(alias = "Iot")]
    #[doc(alias = "Abrt")]
    Abort = SIGABRT,
    /// `SIGBUS`: memory that is not there.
    Bus = SIGBUS,
    /// `SIGFPE`: arithmetic that has no result. Can't be listened for.
    Fpe = SIGFPE,
    /// `SIGKILL`. Can't be listened for.
    Kill = SIGKILL,
    /// `SIGUSR1`: whatever the program takes it for.
    Usr1 = SIGUSR1,
    /// `SIGSEGV`: memory that may not be touched. Can't be listened for.
    Segv = SIGSEGV,
    /// `SIGUSR2`: whatever the program takes it for.
    Usr2 = SIGUSR2,
    /// `SIGPIPE`: nobody reads what is written. Rust programs ignore it unless they listen.
    Pipe = SIGPIPE,
    /// `SIGALRM`: the time of `alarm` or `setitimer` is over.
    #[doc(alias = "Alrm")]
    Alarm = SIGALRM,
    /// `SIGTERM`: please stop.
    Term = SIGTERM,
    /// `SIGCHLD`: a child has ended, or stopped, or goes on.
    #[doc(alias = "Chld")]
    Child = SIGCHLD,
    /// `SIGCONT`: the process goes on after it was stopped.
    Cont = SIGCONT,
    /// `SIGSTOP`. Can't be listened for.
    Stop = SIGSTOP,
    /// `SIGTSTP`: Ctrl-Z.
    Tstp = SIGTSTP,
    /// `SIGTTIN`: the process reads from the terminal in the background.
    Ttin = SIGTTIN,
    /// `SIGTTOU`: the process writes to the terminal in the background.
    Ttou = SIGTTOU,
    /// `SIGURG`: a socket has urgent data.
    Urg = SIGURG,
    /// `SIGXCPU`: the limit on CPU time is reached.
    Xcpu = SIGXCPU,
    /// `SIGXFSZ`: the limit on the size of files is reached.
    Xfsz = SIGXFSZ,
    /// `SIGVTALRM`: a timer of `setitimer` that counts the process's own CPU time.
    #[doc(alias = "Vtalrm")]
    Vtalarm = SIGVTALRM,
    /// `SIGPROF`: a timer of `setitimer` that counts all CPU time. Profilers use it.
    Prof = SIGPROF,
    /// `SIGWINCH`: the terminal has another size.
    Winch = SIGWINCH,
    /// `SIGIO`, also called `SIGPOLL`: a descriptor is ready.
    #[doc(alias = "Poll")]
    Io = SIGIO,
    /// `SIGSYS`, also called `SIGUNUSED`: a system call that there is not, or is not allowed.
    #[doc(alias = "Unused")]
    Sys = SIGSYS,
}
