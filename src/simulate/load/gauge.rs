//! What a process costs: its resident memory and its processor time, as the kernel tells them; and how
//! quick the disk is, without which no figure says anything.

use super::figures::Times;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

/// How the kernel counts processor time in /proc.
const TICK: Duration = Duration::from_millis(10);

/// So often the disk is asked.
const SYNCS: usize = 200;

/// How long the disk takes to keep 4 KiB.
pub(super) fn syncs(home: &Path) -> Result<Times, String> {
    let path = home.join("sync");
    let mut times = Times::default();
    let mut work = || {
        let mut file = File::create(&path)?;
        for _ in 0..SYNCS {
            let began = Instant::now();
            file.write_all(&[0x5A; 4_096])?;
            file.sync_data()?;
            times.add(began.elapsed());
        }
        fs::remove_file(&path)
    };
    work().map_err(|why| format!("{}: {why}", path.display()))?;
    Ok(times)
}

/// What a process has and has used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Usage {
    /// Resident memory.
    pub(super) kilobytes: u64,
    /// Processor time, of all threads.
    pub(super) worked: Duration,
}

/// Looks at a process.
pub(super) fn usage(pid: u32) -> Result<Usage, String> {
    let read = |file: &str| {
        let path = format!("/proc/{pid}/{file}");
        fs::read_to_string(&path).map_err(|why| format!("{path}: {why}"))
    };
    usage_of(&read("status")?, &read("stat")?).ok_or_else(|| format!("/proc/{pid} says something else"))
}

fn usage_of(status: &str, stat: &str) -> Option<Usage> {
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes = resident.split_whitespace().next()?.parse().ok()?;
    // The name in brackets may hold anything; the numbers come after it.
    let numbers: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |index: usize| numbers.get(index)?.parse::<u32>().ok();
    Some(Usage { kilobytes, worked: TICK * (ticks(11)? + ticks(12)?) })
}

/// A process over a time.
pub(super) struct Gauge {
    pid: u32,
    began: Instant,
    at_first: Usage,
    at_last: Usage,
    took: Duration,
    kilobytes: Vec<u64>,
}

impl Gauge {
    pub(super) fn new(pid: u32) -> Result<Self, String> {
        let now = usage(pid)?;
        Ok(Self {
            pid,
            began: Instant::now(),
            at_first: now,
            at_last: now,
            took: Duration::ZERO,
            kilobytes: vec![now.kilobytes],
        })
    }

    /// Looks at it, which is to be done every second.
    pub(super) fn look(&mut self) -> Result<(), String> {
        self.at_last = usage(self.pid)?;
        self.took = self.began.elapsed();
        self.kilobytes.push(self.at_last.kilobytes);
        Ok(())
    }

    /// The processor time from the first look to the last.
    pub(super) fn worked(&self) -> Duration {
        self.at_last.worked.saturating_sub(self.at_first.worked)
    }

    /// How many hundredths of a core it kept busy.
    pub(super) fn core_percent(&self) -> u128 {
        self.worked().as_millis() * 100 / self.took.as_millis().max(1)
    }

    /// The most memory.
    pub(super) fn most(&self) -> u64 {
        self.kilobytes.iter().copied().max().unwrap_or(0)
    }

    /// The memory at the last look.
    pub(super) fn end(&self) -> u64 {
        self.at_last.kilobytes
    }

    /// The median of the memory in the first quarter of the time, and in the last.
    pub(super) fn quarters(&self) -> (u64, u64) {
        let quarter = self.kilobytes.len().div_ceil(4);
        let median = |several: &[u64]| {
            let mut several = several.to_vec();
            several.sort_unstable();
            several.get(several.len() / 2).copied().unwrap_or(0)
        };
        let last = self.kilobytes.len() - quarter;
        (median(&self.kilobytes[..quarter]), median(&self.kilobytes[last..]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_and_processor_time_are_read() {
        let stat = "1 (a b) c) S 1 1 1 0 -1 4194560 9 9 0 0 150 25 0 0 20 0 4 0 9 9 9";
        let usage = usage_of("Name:\tx\nVmRSS:\t   15360 kB\n", stat).expect("both");
        assert_eq!(usage, Usage { kilobytes: 15_360, worked: Duration::from_millis(1_750) });
        assert!(super::usage(std::process::id()).is_ok_and(|own| own.kilobytes > 100));
    }
}
