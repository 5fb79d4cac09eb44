//! What the kernel says about this process; nothing where there is no `/proc`.

use std::fs;

#[derive(Clone, Copy, Debug, Default)]
pub struct Usage {
    pub resident_bytes: Option<u64>,
    pub open_fds: Option<u64>,
    pub threads: Option<u64>,
}

pub fn usage() -> Usage {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let number = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        line.split_whitespace().next()?.parse::<u64>().ok()
    };
    Usage {
        resident_bytes: number("VmRSS").map(|kib| kib * 1024),
        open_fds: fs::read_dir("/proc/self/fd").ok().and_then(|dir| u64::try_from(dir.count()).ok()),
        threads: number("Threads"),
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_memory_files_and_threads() {
        let usage = usage();
        assert!(usage.resident_bytes.unwrap() > 1 << 20);
        assert!(usage.open_fds.unwrap() >= 3);
        assert!(usage.threads.unwrap() >= 1);
    }
}
