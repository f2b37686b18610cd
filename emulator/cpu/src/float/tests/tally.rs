//! What was tried, and how much of it was wrong: a line for every operation and rounding.

use std::collections::BTreeMap;

use crate::float::Rounding;

/// Counts of one test.
pub(super) struct Tally {
    what: String,
    /// Tried and wrong, by operation and rounding.
    rows: BTreeMap<(&'static str, &'static str), [u64; 2]>,
    /// The first few wrong results.
    wrong: Vec<String>,
}

const fn name(rounding: Rounding) -> &'static str {
    match rounding {
        Rounding::NearestEven => "to nearest, ties to even",
        Rounding::NearestAway => "to nearest, ties away",
        Rounding::TowardZero => "toward zero",
        Rounding::Up => "up",
        Rounding::Down => "down",
        Rounding::ToOdd => "to odd",
    }
}

impl Tally {
    pub(super) fn new(what: String) -> Self {
        Self { what, rows: BTreeMap::new(), wrong: Vec::new() }
    }

    /// Counts `tried` results of an operation, of which those that are wrong come with their reports.
    pub(super) fn count(
        &mut self,
        operation: &'static str,
        rounding: Rounding,
        tried: u64,
        wrong: impl IntoIterator<Item = String>,
    ) {
        let row = self.rows.entry((operation, name(rounding))).or_default();
        row[0] += tried;
        for report in wrong {
            row[1] += 1;
            if self.wrong.len() < 10 {
                self.wrong.push(report);
            }
        }
    }

    /// Prints the counts; a test with anything wrong ends here.
    pub(super) fn finish(self) {
        let mut all = [0, 0];
        for ((operation, rounding), [tried, wrong]) in &self.rows {
            println!(
                "{:<9} {operation:<10} {rounding:<25} {tried:>10} tried, {wrong} wrong",
                self.what
            );
            all = [all[0] + tried, all[1] + wrong];
        }
        let millions = all[0] as f64 / 1e6;
        println!("{:<9} in all {millions:.1} million tried, {} wrong", self.what, all[1]);
        for report in &self.wrong {
            println!("{report}");
        }
        assert!(all[1] == 0, "{}: {} wrong", self.what, all[1]);
    }
}
