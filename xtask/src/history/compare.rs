//! What changed from one run to another.

use std::fmt;

use super::{Run, Scenario};
use crate::replay_tests::statistics::by_chance;

/// Two runs.
pub(super) struct Comparison<'a> {
    pub(super) before: &'a Run,
    pub(super) after: &'a Run,
}

/// Differences in failures that luck makes at least this often are told to be perhaps luck.
const LUCK: f64 = 0.05;
/// Times that differ by less are those of a busy host.
const SLOWER: f64 = 1.5;

/// What is to be said about a scenario that was in both.
fn changes(before: &Scenario, after: &Scenario) -> Vec<String> {
    let mut found = Vec::new();
    let rates = |of: &Scenario| (of.failures, of.runs);
    let ((failed, of), (fails, to)) = (rates(before), rates(after));
    if failed as u128 * u128::from(to) != fails as u128 * u128::from(of) {
        let worse = fails as u128 * u128::from(of) > failed as u128 * u128::from(to);
        let chance = if worse {
            by_chance(rates(after), rates(before))
        } else {
            by_chance(rates(before), rates(after))
        };
        let what = if worse { "fails more often" } else { "fails less often" };
        let luck = if chance >= LUCK { ", perhaps by luck" } else { "" };
        found.push(format!("{what}: {failed} of {of}, then {fails} of {to}{luck}"));
    }
    if before.distinct_logs != after.distinct_logs {
        let (before, after) = (before.distinct_logs, after.distinct_logs);
        found.push(format!("distinct logs: {before}, then {after}"));
    }
    if before.configurations == after.configurations && before.logs != after.logs {
        found.push("other logs".to_owned());
    }
    let each = |of: &Scenario| of.seconds / of.runs.max(1) as f64;
    let (was, is) = (each(before), each(after));
    if was > 0.0 && is > 0.0 && (is / was > SLOWER || was / is > SLOWER) {
        found.push(format!("{was:.2} s for a recording, then {is:.2} s"));
    }
    found
}

impl fmt::Display for Comparison<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { before, after } = self;
        writeln!(f, "before: {}\nafter:  {}", before.title(), after.title())?;
        let mut same = 0;
        for (name, now) in &after.scenarios {
            let found = match before.scenarios.get(name) {
                Some(then) => changes(then, now),
                None => vec!["new".to_owned()],
            };
            same += usize::from(found.is_empty());
            for change in found {
                writeln!(f, "{name}: {change}")?;
            }
        }
        for name in before.scenarios.keys().filter(|name| !after.scenarios.contains_key(*name)) {
            writeln!(f, "{name}: not tried")?;
        }
        writeln!(f, "the same: {same}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(runs: u64, failures: u64, logs: &str, seconds: f64) -> Scenario {
        let (configurations, logs) = ("c".to_owned(), logs.to_owned());
        Scenario { runs, failures, distinct_logs: 1, seconds, configurations, logs }
    }

    /// Catches a comparison that takes luck for change, or the other way round.
    #[test]
    fn changes_are_told_and_luck_is() {
        let quiet = row(10, 0, "a", 1.0);
        assert!(changes(&quiet, &row(20, 0, "a", 2.1)).is_empty());
        let found = changes(&quiet, &row(10, 1, "a", 1.0));
        assert_eq!(found, ["fails more often: 0 of 10, then 1 of 10, perhaps by luck"]);
        let found = changes(&row(1000, 0, "a", 1.0), &row(1000, 9, "a", 1.0));
        assert_eq!(found, ["fails more often: 0 of 1000, then 9 of 1000"]);
        let found = changes(&row(10, 9, "a", 1.0), &row(10, 0, "b", 4.0));
        assert_eq!(
            found,
            [
                "fails less often: 9 of 10, then 0 of 10",
                "other logs",
                "0.10 s for a recording, then 0.40 s"
            ]
        );
    }

    #[test]
    fn scenarios_come_and_go() {
        let run = |name: &str, row: Scenario| Run {
            version: 1,
            time: 0,
            commit: Some("abc".to_owned()),
            options: "--arch alpha".to_owned(),
            scenarios: [(name.to_owned(), row)].into(),
        };
        let before = run("alpha/hello", row(1, 0, "a", 1.0));
        let after = run("alpha/timer", row(1, 0, "a", 1.0));
        assert_eq!(
            Comparison { before: &before, after: &after }.to_string(),
            "before: 1970-01-01 00:00 abc --arch alpha\nafter:  1970-01-01 00:00 abc --arch alpha\n\
             alpha/timer: new\nalpha/hello: not tried\nthe same: 0\n"
        );
    }
}
