//! One number for each guest, and one for all: how many times as fast as QEMU a recording is.

use std::fmt;

use super::boards::{QEMU_RECORD, RECORD, RUN};
use super::summary;

/// The least that the mean of all guests, and each of them, should be.
const WANTED: (f64, f64) = (1.0, 0.5);
/// What recording should cost at most, in percent.
const COST: f64 = 3.0;

/// Medians of guests.
#[derive(Default)]
pub(super) struct Summary {
    guests: Vec<Guest>,
}

struct Guest {
    name: String,
    /// QEMU's recording over ours; none without QEMU.
    speed: Option<f64>,
    /// Our recording over our run, in percent more.
    cost: f64,
}

fn median(values: &[f64]) -> f64 {
    summary(values)[1]
}

impl Summary {
    /// Adds a guest; `times` are those of its commands, round by round.
    pub(super) fn add(&mut self, name: &str, times: &[Vec<f64>]) {
        let record = median(&times[RECORD]).max(1e-9);
        let speed = times.get(QEMU_RECORD).map(|qemu| median(qemu) / record);
        let cost = (record / median(&times[RUN]).max(1e-9) - 1.0) * 100.0;
        self.guests.push(Guest { name: name.to_owned(), speed, cost });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.guests.is_empty()
    }

    /// The geometric mean of the speeds.
    fn mean(&self) -> Option<f64> {
        let logs: Vec<f64> = self.guests.iter().filter_map(|g| g.speed).map(f64::ln).collect();
        (!logs.is_empty()).then(|| (logs.iter().sum::<f64>() / logs.len() as f64).exp())
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Medians: times as fast as QEMU's rr=record; recording over running")?;
        for guest in &self.guests {
            let speed = guest.speed.map_or_else(|| "-".to_owned(), |speed| format!("{speed:.2}"));
            let slow = guest.speed.is_some_and(|speed| speed < WANTED.1);
            let note = if slow { "  too slow" } else { "" };
            writeln!(f, "{:<16} {speed:>8} {:>+8.1} %{note}", guest.name, guest.cost)?;
        }
        let costs: Vec<f64> = self.guests.iter().map(|guest| guest.cost).collect();
        let cost = median(&costs);
        let note = if cost > COST { "  recording costs too much" } else { "" };
        if let Some(mean) = self.mean() {
            let slow = if mean < WANTED.0 { "  too slow" } else { "" };
            writeln!(f, "{:<16} {mean:>8.2} {:>+8.1} %{slow}{note}", "mean, median", cost)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Catches an arithmetic mean, and ratios the wrong way round.
    #[test]
    fn means() {
        let mut all = Summary::default();
        all.add("one", &[vec![1.0], vec![1.0], vec![9.0], vec![9.0], vec![4.0]]);
        all.add("two", &[vec![1.0], vec![2.0], vec![9.0], vec![9.0], vec![2.0]]);
        assert!(all.mean().is_some_and(|mean| (mean - 2.0).abs() < 1e-9));
        let text = all.to_string();
        assert!(text.contains("4.00     +0.0 %") && text.contains("1.00   +100.0 %"), "{text}");
    }
}
