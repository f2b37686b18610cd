//! The table at the end.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::follow::{NotTried, Plan, Trial};
use super::statistics::{percent, upper_bound};
use crate::history::Scenario;

/// What is known of all trials.
#[derive(Default)]
pub(super) struct Table {
    plan: Option<Plan>,
    rows: BTreeMap<String, Row>,
}

/// What is known of a scenario.
#[derive(Default)]
struct Row {
    trials: usize,
    passed: usize,
    recordings: usize,
    /// The logs of each configuration: board and seed. Of each there should be one.
    logs: BTreeMap<String, BTreeSet<String>>,
    /// The schedules of the recordings, if somebody took note of them.
    schedules: BTreeSet<String>,
    /// Recordings that passed, with all that is done after each.
    repeats: u64,
    repeatable: bool,
    seconds: f64,
    /// What was not tried, and why.
    notes: BTreeSet<String>,
}

impl Row {
    /// The logs of the configuration that has most.
    fn distinct(&self) -> usize {
        self.logs.values().map(BTreeSet::len).max().unwrap_or(0)
    }

    /// Recordings that failed: a trial ends with the first of its own.
    fn failures(&self) -> u64 {
        (self.trials - self.passed).max(self.disagreements()) as u64
    }

    fn runs(&self) -> u64 {
        (self.repeats + (self.trials - self.passed) as u64).max(self.failures())
    }

    /// What history keeps.
    fn summary(&self) -> Scenario {
        let names: String = self.logs.keys().map(|name| format!("{name}\n")).collect();
        Scenario {
            runs: self.runs(),
            failures: self.failures(),
            distinct_logs: self.distinct(),
            seconds: self.seconds,
            configurations: digest(&names),
            logs: digest(&format!("{:?}", self.logs)),
        }
    }

    fn disagreements(&self) -> usize {
        self.logs.values().filter(|logs| self.repeatable && logs.len() > 1).count()
    }
}

fn digest(text: &str) -> String {
    blake3::hash(text.as_bytes()).to_hex()[..16].to_owned()
}

impl Table {
    /// What history keeps.
    pub(super) fn summary(&self) -> BTreeMap<String, Scenario> {
        self.rows.iter().map(|(name, row)| (name.clone(), row.summary())).collect()
    }

    pub(super) fn plan(&mut self, plan: Plan) {
        self.plan = Some(plan);
    }

    pub(super) fn trial(&mut self, trial: Trial) {
        let row = self.rows.entry(trial.scenario).or_default();
        row.trials += 1;
        row.passed += usize::from(trial.passed);
        row.recordings += trial.logs.len();
        row.repeats += trial.repeats;
        row.schedules.extend(trial.schedules);
        row.repeatable = trial.repeatable;
        row.seconds += trial.seconds;
        row.notes.extend(trial.note);
        row.logs.entry(trial.configuration).or_default().extend(trial.logs);
    }

    pub(super) fn has_plan(&self) -> bool {
        self.plan.is_some()
    }

    pub(super) fn planned(&self) -> usize {
        self.plan.as_ref().map_or(0, |plan| plan.trials)
    }

    pub(super) fn is_missing_guests(&self) -> bool {
        self.plan.as_ref().is_some_and(|plan| !plan.not_fetched.is_empty())
    }

    pub(super) fn done(&self) -> usize {
        self.rows.values().map(|row| row.trials).sum()
    }

    pub(super) fn failed(&self) -> usize {
        self.rows.values().map(|row| row.trials - row.passed).sum()
    }

    /// Configurations that gave several logs although one is expected, be it in one trial or in several.
    pub(super) fn disagreements(&self) -> usize {
        self.rows.values().map(Row::disagreements).sum()
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let missing = self.plan.iter().flat_map(|plan| &plan.not_fetched);
        if self.rows.is_empty() && !self.is_missing_guests() {
            return Ok(());
        }
        let names = self.rows.keys().chain(missing.clone().map(|missing| &missing.scenario));
        let width = names.map(String::len).max().unwrap_or(0).max("scenario".len());
        writeln!(
            f,
            "{:width$}  {:>6}  {:>6}  {:>10}  {:>13}  {:>12}  {:>8}",
            "scenario", "trials", "passed", "recordings", "distinct logs", "failure rate", "time"
        )?;
        for (scenario, row) in &self.rows {
            let Row { trials, passed, recordings, seconds, .. } = row;
            let (distinct, bound) = (row.distinct(), bound(row.failures(), row.runs()));
            let mark = if passed < trials || row.disagreements() > 0 { "  FAILED" } else { "" };
            writeln!(
                f,
                "{scenario:width$}  {trials:>6}  {passed:>6}  {recordings:>10}  {distinct:>13}  \
                 {bound:>12}  {seconds:>6.1} s{mark}"
            )?;
            if !row.schedules.is_empty() {
                writeln!(f, "{:width$}  distinct schedules: {}", "", row.schedules.len())?;
            }
            for note in &row.notes {
                writeln!(f, "{:width$}  {note}", "")?;
            }
        }
        for missing in missing {
            writeln!(f, "{:width$}  not fetched: {}", missing.scenario, missing.command)?;
        }
        for NotTried { trial, reason } in self.plan.iter().flat_map(|plan| &plan.not_tried) {
            writeln!(f, "not tried: {trial}: {reason}")?;
        }
        let sum = |of: fn(&Row) -> u64| self.rows.values().map(of).sum::<u64>();
        let (failures, runs) = (sum(Row::failures), sum(Row::runs));
        if self.rows.is_empty() {
            return Ok(());
        }
        writeln!(
            f,
            "passed: {}, failed: {failures}; with 95 % confidence the failure rate is below {}",
            runs - failures,
            percent(upper_bound(failures, runs)),
        )
    }
}

/// The bound for the table.
fn bound(failures: u64, runs: u64) -> String {
    format!("< {}", percent(upper_bound(failures, runs)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replay_tests::follow::Line;

    fn table(lines: &[&str]) -> Table {
        let mut table = Table::default();
        for line in lines {
            match serde_json::from_str(line).unwrap() {
                Line::Plan(plan) => table.plan(plan),
                Line::Trial(trial) => table.trial(trial),
            }
        }
        table
    }

    const PLAN: &str = r#"{"event":"plan","trials":2,"not_fetched":[
        {"scenario":"aarch64/u-boot","command":"cargo xtask guests fetch u-boot"}]}"#;
    const NONE: &str = r#"{"event":"trial","name":"aarch64/hello/interp/none/os/seed-1",
        "scenario":"aarch64/hello","configuration":"aarch64/hello/seed-1","repeatable":true,
        "passed":true,"repeats":2,"logs":["aa","aa"],"seconds":1.25,"failure":null}"#;
    const CPU: &str = r#"{"event":"trial","name":"aarch64/hello/interp/cpu/os/seed-1",
        "scenario":"aarch64/hello","configuration":"aarch64/hello/seed-1","repeatable":true,
        "passed":true,"repeats":2,"logs":["aa","aa"],"seconds":2.0,"failure":null}"#;

    #[test]
    fn the_table_counts_and_names_what_is_missing() {
        let table = table(&[PLAN, NONE, CPU]);
        assert_eq!(table.failed() + table.disagreements(), 0);
        assert_eq!(
            table.to_string(),
            "scenario        trials  passed  recordings  distinct logs  failure rate      time\n\
             aarch64/hello        2       2           4              1        < 53 %     3.2 s\n\
             aarch64/u-boot  not fetched: cargo xtask guests fetch u-boot\n\
             passed: 4, failed: 0; with 95 % confidence the failure rate is below 53 %\n"
        );
    }

    /// Each trial by itself is content here: only together do they show that load changes the log.
    #[test]
    fn trials_that_pass_can_disagree() {
        let other = CPU.replace("\"aa\"", "\"bb\"");
        let table = table(&[PLAN, NONE, &other]);
        assert_eq!((table.failed(), table.disagreements()), (0, 1));
        assert!(table.to_string().contains("2        < 75 %     3.2 s  FAILED"), "{table}");
    }

    /// Catches a check that was left out in silence.
    #[test]
    fn what_was_not_tried_is_told_once() {
        let noted = |line: &str| {
            line.replace("\"failure\":null", "\"failure\":null,\"note\":\"not compared\"")
        };
        let table = table(&[PLAN, &noted(NONE), &noted(CPU)]).to_string();
        assert_eq!(table.matches("not compared").count(), 1, "{table}");
    }

    /// Catches a load that this host cannot have and that looks as if it had been tried.
    #[test]
    fn trials_that_are_impossible_here_are_named() {
        let plan = PLAN.replace(
            "\"trials\":2",
            "\"trials\":1,\"not_tried\":[{\"trial\":\"a/b\",\"reason\":\"no stress-ng\"}]",
        );
        let table = table(&[&plan, NONE]).to_string();
        assert!(table.contains("not tried: a/b: no stress-ng\n"), "{table}");
    }

    #[test]
    fn another_seed_may_give_another_log() {
        let other = CPU.replace("\"aa\"", "\"bb\"").replace("seed-1", "seed-2");
        assert_eq!(table(&[PLAN, NONE, &other]).disagreements(), 0);
    }
}
