//! The table at the end.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::follow::{Plan, Trial};

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

    fn disagreements(&self) -> usize {
        self.logs.values().filter(|logs| self.repeatable && logs.len() > 1).count()
    }
}

impl Table {
    pub(super) fn plan(&mut self, plan: Plan) {
        self.plan = Some(plan);
    }

    pub(super) fn trial(&mut self, trial: Trial) {
        let row = self.rows.entry(trial.scenario).or_default();
        row.trials += 1;
        row.passed += usize::from(trial.passed);
        row.recordings += trial.logs.len();
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
            "{:width$}  {:>6}  {:>6}  {:>10}  {:>13}  {:>8}",
            "scenario", "trials", "passed", "recordings", "distinct logs", "time"
        )?;
        for (scenario, row) in &self.rows {
            let Row { trials, passed, recordings, seconds, .. } = row;
            let distinct = row.distinct();
            let mark = if passed < trials || row.disagreements() > 0 { "  FAILED" } else { "" };
            writeln!(
                f,
                "{scenario:width$}  {trials:>6}  {passed:>6}  {recordings:>10}  {distinct:>13}  \
                 {seconds:>6.1} s{mark}"
            )?;
            for note in &row.notes {
                writeln!(f, "{:width$}  {note}", "")?;
            }
        }
        for missing in missing {
            writeln!(f, "{:width$}  not fetched: {}", missing.scenario, missing.command)?;
        }
        Ok(())
    }
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
        "passed":true,"logs":["aa","aa"],"seconds":1.25,"failure":null}"#;
    const CPU: &str = r#"{"event":"trial","name":"aarch64/hello/interp/cpu/os/seed-1",
        "scenario":"aarch64/hello","configuration":"aarch64/hello/seed-1","repeatable":true,
        "passed":true,"logs":["aa","aa"],"seconds":2.0,"failure":null}"#;

    #[test]
    fn the_table_counts_and_names_what_is_missing() {
        let table = table(&[PLAN, NONE, CPU]);
        assert_eq!(table.failed() + table.disagreements(), 0);
        assert_eq!(
            table.to_string(),
            "scenario        trials  passed  recordings  distinct logs      time\n\
             aarch64/hello        2       2           4              1     3.2 s\n\
             aarch64/u-boot  not fetched: cargo xtask guests fetch u-boot\n"
        );
    }

    /// Each trial by itself is content here: only together do they show that load changes the log.
    #[test]
    fn trials_that_pass_can_disagree() {
        let other = CPU.replace("\"aa\"", "\"bb\"");
        let table = table(&[PLAN, NONE, &other]);
        assert_eq!((table.failed(), table.disagreements()), (0, 1));
        assert!(table.to_string().contains("2     3.2 s  FAILED"), "{table}");
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

    #[test]
    fn another_seed_may_give_another_log() {
        let other = CPU.replace("\"aa\"", "\"bb\"").replace("seed-1", "seed-2");
        assert_eq!(table(&[PLAN, NONE, &other]).disagreements(), 0);
    }
}
