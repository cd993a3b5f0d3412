//! What the kernel tells of this process.

use std::fs;

use nix::{
    sys::resource::{Resource, UsageWho, getrlimit, getrusage},
    unistd::{SysconfVar, sysconf},
};
use stratd_plugin_api::Timestamp;

use super::{
    catalog::{
        PROCESS_CPU, PROCESS_FDS, PROCESS_MAX_FDS, PROCESS_RSS, PROCESS_START, PROCESS_THREADS,
        PROCESS_VIRTUAL,
    },
    page::Page,
};

/// Adds what can be read; what cannot is left out.
pub(super) fn tell(page: &mut Page, started_at: Timestamp) {
    if let Ok(usage) = getrusage(UsageWho::RUSAGE_SELF) {
        let seconds = |time: nix::sys::time::TimeVal| float(time.tv_sec()) + float(time.tv_usec()) / 1e6;
        page.seconds(&PROCESS_CPU, &[], seconds(usage.user_time()) + seconds(usage.system_time()));
    }
    let page_bytes = sysconf(SysconfVar::PAGE_SIZE).ok().flatten().unwrap_or(4096);
    if let Ok(text) = fs::read_to_string("/proc/self/statm") {
        let mut pages = text.split(' ').map_while(|field| field.parse::<i64>().ok());
        if let (Some(virtual_pages), Some(resident_pages)) = (pages.next(), pages.next()) {
            page.gauge(&PROCESS_VIRTUAL, &[], float(virtual_pages.saturating_mul(page_bytes)));
            page.gauge(&PROCESS_RSS, &[], float(resident_pages.saturating_mul(page_bytes)));
        }
    }
    page.gauge(&PROCESS_START, &[], float(started_at.get()) / 1e9);
    // one of them is that of the folder itself
    let entries = |folder: &str| fs::read_dir(folder).map(|entries| entries.count() as u64);
    if let Ok(count) = entries("/proc/self/fd") {
        page.count(&PROCESS_FDS, &[], count.saturating_sub(1));
    }
    if let Ok((soft, _)) = getrlimit(Resource::RLIMIT_NOFILE) {
        page.count(&PROCESS_MAX_FDS, &[], soft);
    }
    if let Ok(count) = entries("/proc/self/task") {
        page.count(&PROCESS_THREADS, &[], count);
    }
}

#[expect(clippy::cast_precision_loss, reason = "for people: 15 digits")]
fn float(value: i64) -> f64 {
    value as f64
}
