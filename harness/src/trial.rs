//! One point of a scenario's axes.
//!
//! A trial's name is all that a failing CI job leaves behind, and what filters and histories are keyed by. It has every
//! axis, always in the same order, so that it never changes because a file gained a value:
//! `aarch64/timer/interp/cpu/os/seed-7`. Only `boards` is there just when a scenario has that axis, since it
//! changes what is expected: `aarch64/timer/virt-gic-2/interp/none/os/seed-1`.

use std::num::NonZeroU32;
use std::path::Path;
use std::sync::Arc;

use crate::catalog::{self, Entry};
use crate::process::quoted;
use crate::schema::{Axes, Engine, Load, Point, Scenario, Schedule};
use crate::selection::Selection;

/// Something to run that passes or fails.
#[derive(Clone, Debug)]
pub struct Trial {
    /// Where the scenario comes from.
    pub entry: Arc<Entry>,
    /// Which of the boards, if the scenario has the axis.
    pub board: Option<String>,
    /// How instructions are executed.
    pub engine: Engine,
    /// What else keeps the host busy.
    pub load: Load,
    /// Who decides which thread goes next.
    pub schedule: Schedule,
    /// The seed of the guest's random numbers.
    pub seed: u64,
    /// The fault that the emulator is to have.
    pub fault: Option<String>,
    /// How many recordings it makes.
    pub recordings: NonZeroU32,
}

impl Trial {
    /// The trials of a scenario that are selected.
    #[must_use]
    pub fn all(entry: &Arc<Entry>, scenario: &Scenario, selection: &Selection) -> Vec<Self> {
        let mut points = points(&scenario.axes, selection);
        if scenario.fault.is_some() && selection.seeds.is_none() {
            // They are schedules to hunt with (see `runner::hunt`); without the fault one is like the other.
            let first = points.first().map(|point| point.3);
            points.retain(|point| Some(point.3) == first);
        }
        let mut boards: Vec<_> = scenario.axes.boards.iter().cloned().map(Some).collect();
        if boards.is_empty() {
            boards.push(None);
        }
        if let Some(wanted) = &selection.board {
            let fixed = scenario.machine.board.as_ref();
            boards.retain(|board| board.as_ref().or(fixed) == Some(wanted));
        }
        let mut trials = Vec::new();
        for board in &boards {
            trials.extend(points.iter().cloned().map(|(engine, load, schedule, seed)| Self {
                entry: Arc::clone(entry),
                board: board.clone(),
                engine,
                load,
                schedule,
                seed,
                fault: selection.fault.clone(),
                recordings: selection.repeat.unwrap_or(scenario.repeat),
            }));
        }
        trials
    }

    /// The one trial that is selected in a repository. Of several engines, boards or loads that its scenario has, the first.
    ///
    /// # Errors
    /// There is none, its scenario cannot be read, or several scenarios are selected.
    pub fn only(root: &Path, selection: &Selection) -> Result<Self, String> {
        let entries = catalog::read(root).map_err(|error| error.to_string())?;
        let mut wanted = entries.into_iter().filter(|it| selection.wants(it.arch(), &it.name));
        let name = selection.scenario.as_deref().unwrap_or("*");
        let entry = wanted.next().ok_or_else(|| format!("there is no scenario `{name}`"))?;
        if let Some(other) = wanted.next() {
            return Err(format!("choose one: {} or {}", entry.name, other.name));
        }
        let entry = Arc::new(entry);
        let scenario = entry.scenario.as_ref().map_err(|error| error.report())?;
        let trial = Self::all(&entry, scenario, selection).into_iter().next();
        trial.ok_or_else(|| format!("{} has no such trial", entry.name))
    }

    /// The name; see the module.
    #[must_use]
    pub fn name(&self) -> String {
        let Self { engine, seed, .. } = self;
        let (load, schedule) = (word(&self.load), word(&self.schedule));
        format!("{}/{engine}/{load}/{schedule}/seed-{seed}", self.variant('/'))
    }

    /// The scenario's name, with the board after it if there are several: what has a golden log of its own.
    #[must_use]
    pub fn variant(&self, separator: char) -> String {
        match &self.board {
            Some(board) => format!("{}{separator}{}", self.entry.name, slug(board)),
            None => self.entry.name.clone(),
        }
    }

    /// What decides what the log must be. Of one configuration there is one log, whatever the engine, load and schedule.
    #[must_use]
    pub fn configuration(&self) -> String {
        format!("{}/seed-{}", self.variant('/'), self.seed)
    }

    /// The command that runs this trial, and only it.
    #[must_use]
    pub fn command(&self) -> String {
        let Self { engine, load, schedule, seed, recordings, .. } = self;
        let board = self.board.as_ref().map(|board| format!(" --board {board}"));
        let (load, schedule) = (quoted(&load.to_string()), quoted(&schedule.to_string()));
        let fault = self.fault.as_ref().map(|fault| format!(" --fault {}", quoted(fault)));
        format!(
            "cargo xtask replay-tests --scenario {}{} --engine {engine} --load {load} \
             --schedule {schedule} --seed {seed} --repeat {recordings}{}",
            self.entry.name,
            board.unwrap_or_default(),
            fault.unwrap_or_default(),
        )
    }
}

/// All combinations of the axes, and the points beside them, with what is selected in place of an axis.
fn points(axes: &Axes, selection: &Selection) -> Vec<(Engine, Load, Schedule, u64)> {
    let engines = selection.engine.map_or_else(|| axes.engines.clone(), |engine| vec![engine]);
    let loads = selection.load.clone().map_or_else(|| axes.loads.clone(), |load| vec![load]);
    let schedules =
        selection.schedule.clone().map_or_else(|| axes.schedules.clone(), |it| vec![it]);
    let seeds = &selection.seeds.as_ref().unwrap_or(&axes.seeds).0;
    let mut points = Vec::new();
    for &engine in &engines {
        for load in &loads {
            for schedule in &schedules {
                let point = |&seed: &u64| (engine, load.clone(), schedule.clone(), seed);
                points.extend(seeds.iter().map(point));
            }
        }
    }
    for also in &axes.also {
        let Some(mut point) = points.first().cloned() else { break };
        // What is selected replaces a point's own value like an axis.
        let Point { engine, load, schedule, seed } = also.clone();
        point.0 = engine.filter(|_| selection.engine.is_none()).unwrap_or(point.0);
        point.1 = load.filter(|_| selection.load.is_none()).unwrap_or(point.1);
        point.2 = schedule.filter(|_| selection.schedule.is_none()).unwrap_or(point.2);
        point.3 = seed.filter(|_| selection.seeds.is_none()).unwrap_or(point.3);
        // It may then be one that is there.
        if !points.contains(&point) {
            points.push(point);
        }
    }
    points
}

/// A load or a schedule as a part of a name, which may become a path in an archive: `pct:depth=3` is `pct-depth=3`.
fn word(value: &impl ToString) -> String {
    let kept = |c: char| c.is_ascii_alphanumeric() || "+=_".contains(c);
    value.to_string().replace(|c| !kept(c), "-")
}

/// A board as a part of a name: `virt,gic=2` is `virt-gic-2`.
fn slug(board: &str) -> String {
    board.replace(|c: char| !c.is_ascii_alphanumeric(), "-")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema;

    fn trials(axes: &str, selection: &Selection) -> Vec<Trial> {
        let machine = if axes.contains("boards") { "{}" } else { "{ board: virt }" };
        let guest = "{ bios: { fetched: x/y } }";
        let text = format!("description: x\nmachine: {machine}\nguest: {guest}\naxes: {axes}\n");
        let root = Path::new("/");
        let scenario = schema::parse(Path::new("/scenarios/x.yaml"), &text, root).unwrap();
        let entry =
            Entry { name: "aarch64/timer".to_owned(), folder: root.into(), scenario: Ok(scenario) };
        let entry = Arc::new(entry);
        Trial::all(&entry, entry.scenario.as_ref().unwrap(), selection)
    }

    fn names(axes: &str, selection: &Selection) -> Vec<String> {
        trials(axes, selection).iter().map(Trial::name).collect()
    }

    #[test]
    fn a_name_has_every_axis() {
        let all = Selection::default();
        assert_eq!(names("{}", &all), ["aarch64/timer/interp/none/os/seed-1"]);
        assert_eq!(
            names("{ loads: [none, cpu], seeds: 3..5 }", &all),
            [
                "aarch64/timer/interp/none/os/seed-3",
                "aarch64/timer/interp/none/os/seed-4",
                "aarch64/timer/interp/cpu/os/seed-3",
                "aarch64/timer/interp/cpu/os/seed-4",
            ]
        );
    }

    /// Catches names that a shell, an archive or a file system would take apart.
    #[test]
    fn loads_and_schedules_are_words_of_a_name() {
        let axes = "{ loads: ['cpu:2+stress-ng:--vm 1'], schedules: [pct, 'replay:a/b'] }";
        let trials = trials(axes, &Selection::default());
        assert_eq!(
            trials.iter().map(Trial::name).collect::<Vec<_>>(),
            [
                "aarch64/timer/interp/cpu-2+stress-ng---vm-1/pct-depth=3/seed-1",
                "aarch64/timer/interp/cpu-2+stress-ng---vm-1/replay-a-b/seed-1",
            ]
        );
        let command = trials[0].command();
        let part = "--load 'cpu:2+stress-ng:--vm 1' --schedule pct:depth=3 --seed 1";
        assert!(command.contains(part), "{command}");
    }

    #[test]
    fn boards_are_named_where_there_is_a_choice() {
        let axes = "{ boards: ['virt,gic=2', 'virt,gic=3'] }";
        assert_eq!(
            names(axes, &Selection::default()),
            [
                "aarch64/timer/virt-gic-2/interp/none/os/seed-1",
                "aarch64/timer/virt-gic-3/interp/none/os/seed-1",
            ]
        );
        let one = Selection { board: Some("virt,gic=3".to_owned()), ..Selection::default() };
        assert_eq!(names(axes, &one), ["aarch64/timer/virt-gic-3/interp/none/os/seed-1"]);
        assert!(names("{}", &one).is_empty());
    }

    /// Catches the ordinary trials of a scenario with a fault becoming as many as its seeds.
    #[test]
    fn seeds_to_hunt_with_are_not_trials() {
        let text = "description: x\nfault: y\nmachine: { board: virt }\nguest: { bios: { fetched: x/y } }\n\
                    axes: { seeds: 0..50 }\nexpect: { caught: debug }\n";
        let scenario = schema::parse(Path::new("/scenarios/x.yaml"), text, Path::new("/")).unwrap();
        let (name, folder) = ("x/faults/y".to_owned(), "/".into());
        let entry = Arc::new(Entry { name, folder, scenario: Ok(scenario) });
        let scenario = entry.scenario.as_ref().unwrap();
        assert_eq!(Trial::all(&entry, scenario, &Selection::default()).len(), 1);
    }

    #[test]
    fn a_selection_replaces_an_axis() {
        let seeds = schema::Seeds::parse("70..72").unwrap();
        let load = Some(Load::of(schema::Hog::Cpu));
        let selection = Selection { seeds: Some(seeds), load, ..Selection::default() };
        assert_eq!(
            names("{ seeds: [1, 2, 3] }", &selection),
            ["aarch64/timer/interp/cpu/os/seed-70", "aarch64/timer/interp/cpu/os/seed-71"]
        );
    }

    /// Catches points that become axes, that lose what they do not say, or that come twice.
    #[test]
    fn points_beside_the_combinations() {
        let axes = "{ engines: [auto], loads: [none, cpu], also: [{ engine: interp }, { load: fork, seed: 4 }] }";
        assert_eq!(
            names(axes, &Selection::default()),
            [
                "aarch64/timer/auto/none/os/seed-1",
                "aarch64/timer/auto/cpu/os/seed-1",
                "aarch64/timer/interp/none/os/seed-1",
                "aarch64/timer/auto/fork/os/seed-4",
            ]
        );
        let load = Some(Load::of(schema::Hog::Cpu));
        let selection = Selection { engine: Some(Engine::Jit), load, ..Selection::default() };
        assert_eq!(
            names(axes, &selection),
            ["aarch64/timer/jit/cpu/os/seed-1", "aarch64/timer/jit/cpu/os/seed-4"]
        );
    }

    /// Catches a file's number of recordings that hides the one that is asked for.
    #[test]
    fn a_selection_says_how_often() {
        let of = |selection: &Selection| trials("{}\nrepeat: 1", selection)[0].recordings.get();
        assert_eq!(of(&Selection::default()), 1);
        assert_eq!(of(&Selection { repeat: NonZeroU32::new(7), ..Selection::default() }), 7);
    }

    #[test]
    fn the_command_runs_the_same_trial_again() {
        let selection = Selection { repeat: NonZeroU32::new(20), ..Selection::default() };
        let trial = &trials("{ boards: ['virt,gic=2'] }", &selection)[0];
        assert_eq!(
            trial.command(),
            "cargo xtask replay-tests --scenario aarch64/timer --board virt,gic=2 \
             --engine interp --load none --schedule os --seed 1 --repeat 20"
        );
    }
}
