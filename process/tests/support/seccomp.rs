//! A kernel that refuses system calls.

use libc::{
    BPF_ABS, BPF_JEQ, BPF_JMP, BPF_K, BPF_LD, BPF_RET, BPF_W, SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO,
    sock_filter, sock_fprog,
};

fn step(code: u32, no: u8, k: u32) -> sock_filter {
    sock_filter {
        code: code as u16,
        jt: 0,
        jf: no,
        k,
    }
}

/// From here on these system calls fail with these errors on this thread, and on the threads and in the processes that it
/// starts. It can't be undone.
pub fn refuse(calls: &[(libc::c_long, i32)]) {
    // The number of the call is the first word of what a filter sees.
    let mut filter = vec![step(BPF_LD | BPF_W | BPF_ABS, 0, 0)];
    for &(call, error) in calls {
        filter.push(step(BPF_JMP | BPF_JEQ | BPF_K, 1, call as u32));
        filter.push(step(BPF_RET | BPF_K, 0, SECCOMP_RET_ERRNO | error as u32));
    }
    filter.push(step(BPF_RET | BPF_K, 0, SECCOMP_RET_ALLOW));
    let program = sock_fprog {
        len: filter.len() as u16,
        filter: filter.as_mut_ptr(),
    };
    // SAFETY: the program is valid while the kernel copies it.
    unsafe {
        assert_eq!(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
        let done = libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &program);
        assert_eq!(done, 0, "{}", std::io::Error::last_os_error());
    }
}
