//! What the kernel says of the machine's work: CPU time by whom it went to, and the load average.

use std::fs;

use crate::record::Told;

/// The fewest ticks, summed over all CPUs, that a share is taken of: one tick of them is 4 %.
const FEWEST_TICKS: u64 = 25;

/// CPU time since the machine began, in ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Clocks {
    /// Of all CPUs, idle or not.
    all: u64,
    /// In which they worked.
    busy: u64,
    /// In which the hypervisor ran something else.
    stolen: u64,
    /// In which this process worked.
    own: u64,
}

impl Clocks {
    /// As they stand now.
    pub(super) fn read() -> Result<Self, String> {
        let text = |path: &str| fs::read_to_string(path).map_err(|error| format!("{path} cannot be read: {error}"));
        Self::parse(&text("/proc/stat")?, &text("/proc/self/stat")?).ok_or_else(|| "/proc/stat is not as the kernel writes it".to_owned())
    }

    /// `proc_stat(5)`: user, nice, system, idle, iowait, irq, softirq, steal; the times of guests are in user and nice too.
    /// `proc_pid_stat(5)`: utime and stime are the fields 14 and 15, the second of which is a name in brackets that may hold blanks.
    fn parse(stat: &str, own: &str) -> Option<Self> {
        let line = stat.lines().find_map(|line| line.strip_prefix("cpu "))?;
        let fields: Vec<u64> = line.split_whitespace().take(8).map(|field| field.parse().ok()).collect::<Option<_>>()?;
        let &[user, nice, system, idle, waiting, irq, softirq, stolen] = fields.as_slice() else { return None };
        let busy = user + nice + system + irq + softirq;
        let (_, after_name) = own.rsplit_once(')')?;
        let mut own = after_name.split_whitespace().skip(11).map(str::parse::<u64>);
        let own = own.next()?.ok()? + own.next()?.ok()?;
        Some(Self { all: busy + idle + waiting + stolen, busy, stolen, own })
    }
}

/// The shares of all CPUs' time between two readings that other processes took, and that was stolen.
pub(super) fn shares(before: Result<Clocks, String>, after: Result<Clocks, String>) -> (Told<f64>, Told<f64>) {
    let (before, after) = match (before, after) {
        (Ok(before), Ok(after)) => (before, after),
        (Err(why), _) | (_, Err(why)) => return (Told::missing(why.clone()), Told::missing(why)),
    };
    let all = after.all.saturating_sub(before.all);
    if all < FEWEST_TICKS {
        let why = "the kernel counted too little CPU time during the probe";
        return (Told::missing(why), Told::missing(why));
    }
    let own = after.own.saturating_sub(before.own);
    let others = after.busy.saturating_sub(before.busy).saturating_sub(own);
    let share = |ticks: u64| Told::Figure((ticks as f64 / all as f64).min(1.0));
    (share(others), share(after.stolen.saturating_sub(before.stolen)))
}

/// The load average over the last minute.
pub(super) fn load() -> Told<f64> {
    let path = "/proc/loadavg";
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => return Told::missing(format!("{path} cannot be read: {error}")),
    };
    let load = text.split_whitespace().next().and_then(|field| field.parse::<f64>().ok());
    load.filter(|load| load.is_finite() && *load >= 0.0).map_or_else(|| Told::missing(format!("{path} has no load average")), Told::Figure)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = "7 (a name) with (one) S 1 2 3 4 5 6 7 8 9 10 30 12 0 0";

    fn clocks(stat: &str) -> Option<Clocks> {
        Clocks::parse(&format!("cpu  {stat}\ncpu0 1 2 3\n"), OWN)
    }

    #[test]
    fn the_clocks_of_the_kernel_are_read_past_every_name_of_a_process() {
        let read = clocks("10 1 20 100 5 2 3 4 9 9").expect("it is as the kernel writes it");
        assert_eq!(read, Clocks { all: 145, busy: 36, stolen: 4, own: 42 });
        assert_eq!((clocks("10 1 20"), clocks("a b c d e f g h")), (None, None));
    }

    #[test]
    fn what_others_took_is_what_was_busy_without_this_process() {
        let at = |all, busy, stolen, own| Ok(Clocks { all, busy, stolen, own });
        let shares = |before, after| super::shares(before, after);
        assert_eq!(shares(at(0, 0, 0, 0), at(200, 120, 10, 100)), (Told::Figure(0.1), Told::Figure(0.05)));
        assert_eq!(shares(at(0, 0, 0, 0), at(200, 80, 0, 100)).0, Told::Figure(0.0), "this process's clock may be ahead");
        assert!(shares(at(0, 0, 0, 0), at(24, 24, 0, 0)).0.why_missing().is_some_and(|why| why.contains("too little")));
        assert_eq!(shares(Err("gone".to_owned()), at(9, 9, 9, 9)).1, Told::missing("gone"));
    }
}
