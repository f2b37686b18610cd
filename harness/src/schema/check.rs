//! What a scenario means must be possible; the types cannot say all of that.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::error::Problem;
use super::locate::Segment::{self, Index, Key};
use super::{
    Axes, Caught, Disk, Expect, Guest, Image, Io, Machine, Move, Point, Scenario, ScriptStep, Step,
    Typing, debug,
};

type Checked = Result<(), Problem>;

/// Checks a scenario whose file is in `folder`.
pub(super) fn check(scenario: &Scenario, folder: &Path) -> Checked {
    if scenario.description.trim().is_empty() {
        return Err(Problem::at([Key("description")], "says nothing"));
    }
    machine(&scenario.machine, &scenario.axes)?;
    guest(&scenario.guest, folder)?;
    from(scenario)?;
    script(&[Key("script")], &scenario.script)?;
    steps(&scenario.steps)?;
    axes(&scenario.axes)?;
    positive(scenario)?;
    live(scenario)?;
    fault(scenario)?;
    expect(&scenario.expect, folder)
}

fn machine(machine: &Machine, axes: &Axes) -> Checked {
    match (&machine.board, axes.boards.as_slice()) {
        (None, []) => Err(Problem::at([Key("machine")], "has no board")
            .help("add `board: virt`, or `boards: [...]` to `axes`")),
        (Some(_), [_, ..]) => Err(Problem::at(
            [Key("machine"), Key("board")],
            "the axis `boards` says this too; keep one of them",
        )),
        _ => Ok(()),
    }
}

fn guest(guest: &Guest, folder: &Path) -> Checked {
    if guest.kernel.is_none() {
        if guest.bios.is_none() {
            return Err(Problem::at([Key("guest")], "has neither `kernel` nor `bios`"));
        }
        let only_with_kernel =
            [("initrd", guest.initrd.is_some()), ("append", guest.append.is_some())];
        for (key, given) in only_with_kernel {
            if given {
                let path = [Key("guest"), Key(key)];
                return Err(Problem::at(path, "has no effect without a `kernel`"));
            }
        }
    }
    if let Some(files) = &guest.files {
        let path = vec![Key("guest"), Key("files")];
        if !beside(path.clone(), folder, files)?.is_dir() {
            return Err(Problem::at(path, format!("there is no folder `{}`", files.display())));
        }
    }
    let images = guest.images().map(|(key, image)| (vec![Key("guest"), Key(key)], image));
    let disks = guest.disks.iter().enumerate().filter_map(|(index, disk)| match disk {
        Disk::Image(image) => Some((vec![Key("guest"), Key("disks"), Index(index)], image)),
        Disk::Pattern(_) => None,
    });
    for (mut path, image) in images.chain(disks) {
        if let Image::Beside(image) = image {
            file(path, folder, image)?;
        } else if image.fetched_guest().is_none_or(|name| name.is_empty() || name == "..") {
            path.push(Key("fetched"));
            return Err(Problem::at(path, "is not of the form GUEST/FILE"));
        }
    }
    Ok(())
}

/// Where something is that a scenario names relative to itself.
fn beside(at: Vec<Segment<'static>>, folder: &Path, path: &Path) -> Result<PathBuf, Problem> {
    if path.is_absolute() {
        return Err(Problem::at(at, "the path is not relative to the scenario file"));
    }
    Ok(folder.join(path))
}

/// A file that a scenario names relative to itself is there.
fn file(at: Vec<Segment<'static>>, folder: &Path, path: &Path) -> Checked {
    if !beside(at.clone(), folder, path)?.is_file() {
        return Err(Problem::at(at, format!("there is no file `{}`", path.display()))
            .help("paths are relative to the folder of the scenario file"));
    }
    Ok(())
}

/// A beginning is somewhere, and the same for all trials.
fn from(scenario: &Scenario) -> Checked {
    let Some(from) = &scenario.from else { return Ok(()) };
    script(&[Key("from"), Key("script")], &from.script)?;
    if let Some((key, message)) = from.step().problem() {
        let path: Vec<_> = [Key("from")].into_iter().chain(key.map(Key)).collect();
        return Err(Problem::at(path, message));
    }
    if scenario.record.io == Io::Live {
        return Err(Problem::at(
            [Key("from")],
            "what is live is not the same twice, and cannot be shared",
        )
        .help("leave `io: live` out of `record`"));
    }
    Ok(())
}

fn script(place: &[Segment<'static>], steps: &[ScriptStep]) -> Checked {
    for (index, step) in steps.iter().enumerate() {
        if let Some((key, message)) = step.problem() {
            let mut path = [place, &[Index(index)]].concat();
            path.extend(key.map(Key));
            return Err(Problem::at(path, message));
        }
    }
    Ok(())
}

/// What is live cannot repeat, and cannot be exact.
fn live(scenario: &Scenario) -> Checked {
    let Scenario { record, script, expect, guest, .. } = scenario;
    let key = match (record.io, record.typing) {
        (Io::Live, _) => "io",
        (_, Typing::Live) => "typing",
        _ => return Ok(()),
    };
    let path = [Key("record"), Key(key)];
    if expect.repeatable {
        return Err(Problem::at(path, "recordings will differ")
            .help("add `golden: false` and `repeatable: false` to `expect`"));
    }
    if record.io == Io::Live && guest.disks.is_empty() {
        return Err(Problem::at(path, "has no effect without `disks`"));
    }
    if record.typing == Typing::Scripted {
        return Ok(());
    }
    if script.is_empty() {
        return Err(Problem::at(path, "has no effect without a `script`"));
    }
    let exact =
        |step: &ScriptStep| step.after.is_none() || step.delay.is_some() || step.text.is_none();
    match script.iter().position(exact) {
        None => Ok(()),
        Some(index) => Err(Problem::at(
            [Key("script"), Index(index)],
            "somebody at the console can only `type` something `after` a text",
        )),
    }
}

/// A fault is there to be caught, and nothing is caught without one.
fn fault(scenario: &Scenario) -> Checked {
    let expect = &scenario.expect;
    match (&scenario.fault, expect.caught, &expect.says) {
        (Some(_), None, _) => Err(Problem::at([Key("fault")], "nothing says what gives it away")
            .help("add `caught: different-logs`, or another way, to `expect`")),
        (None, Some(_), _) => {
            Err(Problem::at([Key("expect"), Key("caught")], "has no effect without a `fault`"))
        }
        (None, None, Some(_)) => {
            Err(Problem::at([Key("expect"), Key("says")], "has no effect without a `fault`"))
        }
        (_, Some(Caught::DifferentLogs), _) if scenario.repeat.get() == 1 => Err(Problem::at(
            [Key("repeat")],
            "one log does not differ from another: `caught` wants two",
        )),
        _ => Ok(()),
    }
}

fn steps(steps: &[Step]) -> Checked {
    if steps.is_empty() {
        return Err(Problem::at([Key("steps")], "there is nothing to do"));
    }
    for (index, step) in steps.iter().enumerate() {
        let message = match (index, step) {
            (0, Step::Replay | Step::Dump | Step::Debug(_)) => {
                "there is no recording yet to replay: `record` comes first"
            }
            (1.., Step::Record(_)) => "a scenario has one recording, its first step",
            (_, Step::Debug(moves)) => {
                moves_are_possible(index, moves)?;
                continue;
            }
            _ => continue,
        };
        let problem = Problem::at([Key("steps"), Index(index)], message);
        return Err(problem.help("to record it N times, say `cargo xtask replay-tests --repeat N`"));
    }
    Ok(())
}

/// Moves mean something, and remember positions before they ask for them.
fn moves_are_possible(step: usize, moves: &[Move]) -> Checked {
    match debug::problem(moves, &mut BTreeSet::new()) {
        None => Ok(()),
        Some((way, message)) => {
            let mut path = vec![Key("steps"), Index(step), Key("debug")];
            for (depth, index) in way.into_iter().enumerate() {
                if depth > 0 {
                    path.extend([Key("repeat"), Key("moves")]);
                }
                path.push(Index(index));
            }
            Err(Problem::at(path, message))
        }
    }
}

fn axes(axes: &Axes) -> Checked {
    axis("engines", &axes.engines)?;
    axis("loads", &axes.loads)?;
    axis("schedules", &axes.schedules)?;
    axis("seeds", &axes.seeds.0)?;
    let is_there = |point: &Point| {
        let Point { engine, load, schedule, seed } = point;
        engine.is_none_or(|it| axes.engines.contains(&it))
            && load.as_ref().is_none_or(|it| axes.loads.contains(it))
            && schedule.as_ref().is_none_or(|it| axes.schedules.contains(it))
            && seed.is_none_or(|it| axes.seeds.0.contains(&it))
    };
    if let Some(index) = axes.also.iter().position(is_there) {
        let path = [Key("axes"), Key("also"), Index(index)];
        return Err(Problem::at(path, "is one of the combinations already"));
    }
    if axes.boards.is_empty() { Ok(()) } else { axis("boards", &axes.boards) }
}

/// A value that is there twice would give two trials of one name.
fn axis<T: PartialEq>(key: &'static str, values: &[T]) -> Checked {
    let path = [Key("axes"), Key(key)];
    if values.is_empty() {
        return Err(Problem::at(path, "an axis without values: there would be no trial"));
    }
    let is_repeated = |index: &usize| values[..*index].contains(&values[*index]);
    // Ranges have no repetitions and can be long.
    match (0..values.len().min(1000)).find(is_repeated) {
        Some(index) => Err(Problem::at([path[0], path[1], Index(index)], "is there twice")),
        None => Ok(()),
    }
}

/// Numbers of which zero makes no sense.
fn positive(scenario: &Scenario) -> Checked {
    let record = &scenario.record;
    let zero = [
        ("machine", "cpus", scenario.machine.cpus == Some(0)),
        ("record", "digest-every", record.digest_every == Some(0)),
        ("record", "ns-per-insn", record.ns_per_insn == Some(0)),
        ("record", "limit", record.limit == Some(0)),
    ];
    if let Some((outer, inner, _)) = zero.into_iter().find(|(.., is_zero)| *is_zero) {
        return Err(Problem::at([Key(outer), Key(inner)], "must not be zero"));
    }
    if scenario.timeout.duration().is_zero() {
        return Err(Problem::at([Key("timeout")], "must not be zero"));
    }
    Ok(())
}

fn expect(expect: &Expect, folder: &Path) -> Checked {
    if expect.golden && !expect.repeatable {
        return Err(Problem::at(
            [Key("expect"), Key("repeatable")],
            "recordings that differ cannot all match one golden log",
        )
        .help("add `golden: false`"));
    }
    let Some(console) = &expect.console else { return Ok(()) };
    let path = [Key("expect"), Key("console")];
    match (&console.equals, console.contains.as_slice()) {
        (None, []) => Err(Problem::at(path, "has neither `contains` nor `equals`")),
        (Some(equals), _) => file(vec![path[0], path[1], Key("equals")], folder, equals),
        (None, _) => Ok(()),
    }
}
