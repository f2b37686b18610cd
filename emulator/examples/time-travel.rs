//! How fast one moves over a recording: what `cargo xtask bench time-travel` runs.
//!
//! `time-travel LOG KERNEL [INITRD]` replays the recording and moves over it, and prints one figure a line. Times are of the
//! wall, so they say something only beside each other: what is compared was measured in turns, in this one process. Where a
//! computer is busy with other things, the processor time beside it says more.

#![allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "a program that measures and prints"
)]

use std::error::Error;
use std::fs::File;
use std::io::BufReader;

use lockstep_core::{Moment, What};
use lockstep_host::{Stopwatch, side_by_side};
use lockstep_log::{ImageRole, Reader};
use lockstep_machine::{EngineChoice, Images, Replay, ReplayEnd, Watch, WatchKind};
use lockstep_timeline::{Conditions, EventCondition, Options, Stop, Timeline};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Rounds of what is compared.
const ROUNDS: usize = 3;
/// Steps back after the first.
const STEPS: usize = 500;
/// Ticks of processor time in a second, on Linux.
const TICKS: f64 = 100.0;

/// Seconds of processor time that this process has had, on all processors.
fn processor_time() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let rest = stat.rsplit(')').next().unwrap_or_default();
    let ticks = rest.split_whitespace().skip(11).take(2).filter_map(|n| n.parse::<f64>().ok());
    ticks.sum::<f64>() / TICKS
}

/// Seconds of the wall, and of processors.
#[derive(Clone, Copy)]
struct Time {
    wall: f64,
    processor: f64,
}

fn timed<T>(act: impl FnOnce() -> Outcome<T>) -> Outcome<(T, Time)> {
    let (watch, before) = (Stopwatch::start(), processor_time());
    let value = act()?;
    let (wall, processor) = (watch.elapsed().as_secs_f64(), processor_time() - before);
    Ok((value, Time { wall, processor }))
}

struct Recording {
    log: String,
    images: Images,
}

impl Recording {
    fn reader(&self) -> Outcome<Reader<BufReader<File>>> {
        Ok(Reader::open(BufReader::new(File::open(&self.log)?))?)
    }

    fn timeline(&self) -> Outcome<Timeline> {
        let options = Options { side_by_side: Some(side_by_side), ..Options::default() };
        Ok(Timeline::open(self.reader()?, self.images.clone(), options)?)
    }

    /// The time that a plain replay takes.
    fn replay(&self) -> Outcome<Time> {
        let replay = || {
            let mut replay = Replay::new(self.reader()?, &self.images)?;
            replay.set_engine(EngineChoice::Auto)?;
            Ok(replay.run()?)
        };
        match timed(replay)? {
            (ReplayEnd::Complete(_), time) => Ok(time),
            (end, _) => Err(format!("{end:?}").into()),
        }
    }

    /// A timeline at its end, and the time that it took to get there.
    fn travelled(&self) -> Outcome<(Timeline, Time)> {
        timed(|| {
            let mut timeline = self.timeline()?;
            expect(&timeline.resume()?, &Stop::EndOfHistory)?;
            Ok(timeline)
        })
    }
}

fn expect(stop: &Stop, expected: &Stop) -> Outcome<()> {
    if stop == expected { Ok(()) } else { Err(format!("stopped at {stop:?}").into()) }
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(f64::NAN)
}

fn line(name: &str, value: f64, unit: &str) {
    println!("{name:<52} {value:>14.3} {unit}");
}

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [log, kernel, rest @ ..] = arguments.as_slice() else {
        return Err("usage: time-travel LOG KERNEL [INITRD]".into());
    };
    let mut images = Images::default();
    let given = [(ImageRole::Kernel, Some(kernel)), (ImageRole::Initrd, rest.first())];
    for (role, path) in given {
        if let Some(path) = path {
            images.add(role, path, std::fs::read(path)?);
        }
    }
    let recording = Recording { log: log.clone(), images };

    let (mut plain, mut kept, mut at_end) = (Vec::new(), Vec::new(), None);
    for round in 0..ROUNDS {
        drop(at_end.take());
        let replays_first = round % 2 == 0;
        if replays_first {
            plain.push(recording.replay()?);
        }
        let (timeline, time) = recording.travelled()?;
        kept.push(time);
        at_end = Some(timeline);
        if !replays_first {
            plain.push(recording.replay()?);
        }
    }
    let upkeep = |of: fn(&Time) -> f64| {
        let pairs = plain.iter().zip(&kept);
        median(pairs.map(|(plain, kept)| (of(kept) / of(plain) - 1.0) * 100.0).collect())
    };
    let mut timeline = at_end.ok_or("no rounds")?;
    line("instructions", timeline.end().retired as f64 / 1e6, "million");
    let replay = Time {
        wall: median(plain.iter().map(|time| time.wall).collect()),
        processor: median(plain.iter().map(|time| time.processor).collect()),
    };
    line("plain replay", replay.wall, "s");
    line("plain replay, processor", replay.processor, "s");
    line("checkpoint upkeep", upkeep(|time| time.wall), "%");
    line("checkpoint upkeep, processor", upkeep(|time| time.processor), "%");
    report_checkpoints(&timeline);
    steps(&mut timeline, "at the end")?;
    in_the_middle(&mut timeline)?;
    report_checkpoints(&timeline);
    scans(&mut timeline, replay)
}

/// Steps back from where a timeline stopped without having known before that it would.
fn in_the_middle(timeline: &mut Timeline) -> Outcome<()> {
    let middle = timeline.events().iter().rev().find_map(|event| {
        let early = event.at.retired < timeline.end().retired / 10 * 9;
        matches!(event.what, What::ConsoleOut { .. } | What::Interrupt { .. })
            .then_some(event)
            .filter(|_| early)
    });
    let Some(kind) = middle.map(|event| event.what.kind()) else { return Ok(()) };
    let start = timeline.end().retired / 10 * 9;
    timeline.seek(Moment::at(start))?;
    let events = vec![EventCondition::Kind(kind)];
    timeline.set_conditions(Conditions { events, ..Conditions::default() });
    let stop = timeline.resume()?;
    timeline.set_conditions(Conditions::default());
    println!("stopped at {}: {stop:?}", timeline.moment());
    steps(timeline, "where an event stopped it")
}

fn report_checkpoints(timeline: &Timeline) {
    let held = timeline.checkpoints();
    line("checkpoints", held.moments.len() as f64, "");
    line("memory that only they hold", held.bytes as f64 / f64::from(1 << 20), "MiB");
}

fn steps(timeline: &mut Timeline, place: &str) -> Outcome<()> {
    let mut times = Vec::new();
    for _ in 0..=STEPS {
        let watch = Stopwatch::start();
        expect(&timeline.reverse_step()?, &Stop::Moment)?;
        times.push(watch.elapsed().as_secs_f64() * 1e3);
    }
    line(&format!("first reverse step {place}"), times[0], "ms");
    let following = times.split_off(1);
    line("following reverse steps, slowest", following.iter().copied().fold(0.0, f64::max), "ms");
    line("following reverse steps, median", median(following), "ms");
    Ok(())
}

fn scans(timeline: &mut Timeline, replay: Time) -> Outcome<()> {
    let vcpu = timeline.machine().position().0;
    let stack = timeline.machine().register(vcpu, 31).unwrap_or_default() as u64;
    let nowhere = Conditions { breakpoints: [4].into(), ..Conditions::default() };
    let watch = Watch { address: stack & !0xfff | 0xffc, len: 4, kind: WatchKind::Write };
    let written = Conditions { watchpoints: vec![watch], ..Conditions::default() };
    for (name, conditions, whole) in [
        ("reverse-continue over everything (first)", nowhere.clone(), true),
        ("reverse-continue over everything (again)", nowhere, true),
        ("reverse-continue to a write", written, false),
    ] {
        timeline.seek(Moment::NEVER)?;
        timeline.set_conditions(conditions);
        let (stop, time) = timed(|| Ok(timeline.reverse_resume()?))?;
        if whole {
            expect(&stop, &Stop::StartOfHistory)?;
        } else {
            println!("{stop:?} at {}", timeline.moment());
        }
        line(name, time.wall, "s");
        line("  of one replay", time.wall / replay.wall * 100.0, "%");
        line("  processor time of one replay's", time.processor / replay.processor * 100.0, "%");
    }
    Ok(())
}
