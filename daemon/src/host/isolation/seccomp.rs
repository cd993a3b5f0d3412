//! The system calls that no plugin needs. They fail with EPERM, so that a library that tries one can say so.
//!
//! A list of what is forbidden, not of what is allowed: files, sockets and threads are a plugin's business. It keeps a
//! broken or careless plugin from starting programs, signalling and tracing others, changing the system and lifting
//! its own limits. `clone3` does not exist, because a filter cannot see its flags: C libraries fall back to `clone`,
//! which may only make threads.
//!
//! A filter is installed by prctl(2) and not by seccomp(2), which a service under systemd 252 may not call
//! (`SystemCallFilter=@system-service`).
#![expect(unsafe_code, reason = "nix has no call for filters, and that of seccompiler is seccomp(2)")]

use std::{collections::BTreeMap, io};

use anyhow::{Context, Result, ensure};
use nix::libc;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    TargetArch,
};

/// Forbidden whatever the arguments.
const FORBIDDEN: &[libc::c_long] = &[
    // other programs
    libc::SYS_execve,
    libc::SYS_execveat,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_fork,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_vfork,
    // other processes
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_process_madvise,
    libc::SYS_pidfd_open,
    libc::SYS_pidfd_getfd,
    libc::SYS_pidfd_send_signal,
    libc::SYS_tkill,
    libc::SYS_rt_sigqueueinfo,
    libc::SYS_rt_tgsigqueueinfo,
    libc::SYS_kcmp,
    libc::SYS_migrate_pages,
    libc::SYS_move_pages,
    // mounts and namespaces
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_move_mount,
    libc::SYS_open_tree,
    libc::SYS_mount_setattr,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_quotactl,
    libc::SYS_open_by_handle_at,
    // the kernel
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_kexec_file_load,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_syslog,
    libc::SYS_acct,
    libc::SYS_reboot,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_iopl,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_ioperm,
    // the machine's name and clock
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_adjtimex,
    libc::SYS_clock_adjtime,
    // users, capabilities and limits
    libc::SYS_setuid,
    libc::SYS_setgid,
    libc::SYS_setreuid,
    libc::SYS_setregid,
    libc::SYS_setresuid,
    libc::SYS_setresgid,
    libc::SYS_setfsuid,
    libc::SYS_setfsgid,
    libc::SYS_setgroups,
    libc::SYS_capset,
    libc::SYS_setrlimit,
    libc::SYS_personality,
];

/// Filters the calls of this thread and of all that it starts.
pub(super) fn apply() -> Result<()> {
    let mut forbidden: BTreeMap<i64, Vec<SeccompRule>> =
        FORBIDDEN.iter().map(|call| (*call, Vec::new())).collect();
    let own = u64::from(std::process::id());
    let threads_only = SeccompCmpOp::MaskedEq(libc::CLONE_THREAD as u64);
    let death_signal = u64::try_from(libc::PR_SET_PDEATHSIG)?;
    for (call, argument, operator, value) in [
        (libc::SYS_clone, 0, threads_only, 0),
        (libc::SYS_kill, 0, SeccompCmpOp::Ne, own),
        (libc::SYS_tgkill, 0, SeccompCmpOp::Ne, own),
        // reading a limit is fine
        (libc::SYS_prlimit64, 2, SeccompCmpOp::Ne, 0),
        // its death with the daemon is not its own business
        (libc::SYS_prctl, 0, SeccompCmpOp::Eq, death_signal),
    ] {
        let length = if argument == 2 { SeccompCmpArgLen::Qword } else { SeccompCmpArgLen::Dword };
        let condition = SeccompCondition::new(argument, length, operator, value)?;
        forbidden.insert(call, vec![SeccompRule::new(vec![condition])?]);
    }
    let absent = BTreeMap::from([(libc::SYS_clone3, Vec::new())]);
    for (calls, error) in [(absent, libc::ENOSYS), (forbidden, libc::EPERM)] {
        install(&program(calls, error)?).context("installing a filter")?;
    }
    Ok(())
}

/// Installs a filter for this thread and those that it starts, which have given up new privileges.
fn install(program: &BpfProgram) -> Result<()> {
    let length =
        u16::try_from(program.len()).context("the filter is too long (accepted: 65535 instructions)")?;
    let program = libc::sock_fprog {
        len: length,
        // instructions of the kernel's own layout; it copies them and writes nothing
        filter: program.as_ptr().cast::<libc::sock_filter>().cast_mut(),
    };
    // SAFETY: `program` and the instructions that it points to live during the call, which only reads them
    let result = unsafe { libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program) };
    ensure!(result == 0, "prctl(PR_SET_SECCOMP): {}", io::Error::last_os_error());
    Ok(())
}

fn program(calls: BTreeMap<i64, Vec<SeccompRule>>, error: i32) -> Result<BpfProgram> {
    let architecture: TargetArch = std::env::consts::ARCH.try_into()?;
    let action = SeccompAction::Errno(error.unsigned_abs());
    Ok(SeccompFilter::new(calls, SeccompAction::Allow, action, architecture)?.try_into()?)
}
