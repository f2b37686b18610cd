//! How fast one moves over a recording: what `cargo xtask bench time-travel` runs.
//!
//! `time-travel LOG KERNEL [INITRD]` replays the recording and moves over it, and prints one figure a line. Times are of the
//! wall, so they say something only beside each other: what is compared was measured in turns, in this one process.

#![allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "a program that measures and prints"
)]

use std::error::Error;
use std::fs::File;
use std::io::BufReader;

use lockstep_core::Moment;
use lockstep_host::{Stopwatch, side_by_side};
use lockstep_log::{ImageRole, Reader};
use lockstep_machine::{EngineChoice, Images, Replay, ReplayEnd, Watch, WatchKind};
use lockstep_timeline::{Conditions, Options, Stop, Timeline};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Rounds of what is compared.
const ROUNDS: usize = 3;
/// Steps back after the first.
const STEPS: usize = 500;

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

    /// Seconds that a plain replay takes.
    fn replay(&self) -> Outcome<f64> {
        let watch = Stopwatch::start();
        let mut replay = Replay::new(self.reader()?, &self.images)?;
        replay.set_engine(EngineChoice::Auto)?;
        match replay.run()? {
            ReplayEnd::Complete(_) => Ok(watch.elapsed().as_secs_f64()),
            end => Err(format!("{end:?}").into()),
        }
    }

    /// A timeline at its end, and the seconds that it took to get there.
    fn travelled(&self) -> Outcome<(Timeline, f64)> {
        let watch = Stopwatch::start();
        let mut timeline = self.timeline()?;
        expect(&timeline.resume()?, &Stop::EndOfHistory)?;
        Ok((timeline, watch.elapsed().as_secs_f64()))
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
        let (timeline, seconds) = recording.travelled()?;
        kept.push(seconds);
        at_end = Some(timeline);
        if !replays_first {
            plain.push(recording.replay()?);
        }
    }
    let upkeep = plain.iter().zip(&kept).map(|(plain, kept)| (kept / plain - 1.0) * 100.0);
    let upkeep = median(upkeep.collect());
    let replay = median(plain);
    let mut timeline = at_end.ok_or("no rounds")?;
    line("instructions", timeline.end().retired as f64 / 1e6, "million");
    line("plain replay", replay, "s");
    line("replay with checkpoints", median(kept), "s");
    line("checkpoint upkeep", upkeep, "%");
    report_checkpoints(&timeline);
    steps(&mut timeline)?;
    report_checkpoints(&timeline);
    scans(&mut timeline, replay)
}

fn report_checkpoints(timeline: &Timeline) {
    let held = timeline.checkpoints();
    line("checkpoints", held.moments.len() as f64, "");
    line("memory that only they hold", held.bytes as f64 / f64::from(1 << 20), "MiB");
}

fn steps(timeline: &mut Timeline) -> Outcome<()> {
    let mut times = Vec::new();
    for _ in 0..=STEPS {
        let watch = Stopwatch::start();
        expect(&timeline.reverse_step()?, &Stop::Moment)?;
        times.push(watch.elapsed().as_secs_f64() * 1e3);
    }
    line("first reverse step at the end", times[0], "ms");
    let following = times.split_off(1);
    line("following reverse steps, slowest", following.iter().copied().fold(0.0, f64::max), "ms");
    line("following reverse steps, median", median(following), "ms");
    Ok(())
}

fn scans(timeline: &mut Timeline, replay: f64) -> Outcome<()> {
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
        let watch = Stopwatch::start();
        let stop = timeline.reverse_resume()?;
        let seconds = watch.elapsed().as_secs_f64();
        if whole {
            expect(&stop, &Stop::StartOfHistory)?;
        } else {
            println!("{stop:?} at {}", timeline.moment());
        }
        line(name, seconds, "s");
        line("  of one replay", seconds / replay * 100.0, "%");
    }
    Ok(())
}
