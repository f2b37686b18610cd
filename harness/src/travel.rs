//! Moving over a recording as a scenario says.
//!
//! What the moves mean is written once, for whoever can move: the library, and a debugger that is attached to it. So both are
//! asked the same, and must give the same answers.

mod gdb;
mod library;

use std::collections::BTreeMap;

use lockstep_core::{EventKind, Moment, Rng, StateDigest, Use};

use crate::schema::{
    Base, CompareSeeks, EventAt, Expectation, Move, Place, StopKind, Target, WatchFor,
};

pub use gdb::RealGdb;
pub use library::{Library, LibraryError};

/// Why a move ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// The reason.
    pub stop: StopKind,
    /// The event, when it was one.
    pub event: Option<EventKind>,
    /// All about it, for people.
    pub text: String,
}

/// Watched bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watched {
    /// The first address.
    pub address: u64,
    /// How many.
    pub size: u64,
    /// Which accesses count.
    pub kind: WatchFor,
}

/// What to stop at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stops {
    /// Addresses of instructions.
    pub breakpoints: Vec<u64>,
    /// Bytes.
    pub watchpoints: Vec<Watched>,
    /// Events.
    pub events: Vec<EventAt>,
}

/// Somebody who can move over a recording. Errors are texts for people.
pub trait Driver {
    /// Executes one instruction.
    fn step(&mut self) -> Result<Ended, String>;
    /// Goes back one.
    fn reverse_step(&mut self) -> Result<Ended, String>;
    /// Runs forward.
    fn resume(&mut self) -> Result<Ended, String>;
    /// Runs backward.
    fn reverse_resume(&mut self) -> Result<Ended, String>;
    /// Leaves, and comes back to where it was. Stops stay as they were.
    fn reattach(&mut self) -> Result<(), String>;
    /// Goes to a moment; past an end, to that end.
    fn seek(&mut self, to: Moment) -> Result<Ended, String>;
    /// Replaces what to stop at.
    fn set_stops(&mut self, stops: &Stops) -> Result<(), String>;
    /// Where it is.
    fn moment(&mut self) -> Result<Moment, String>;
    /// The last moment.
    fn end(&mut self) -> Result<Moment, String>;
    /// The program counter of the vCPU that runs next.
    fn pc(&mut self) -> Result<u64, String>;
    /// A register of that vCPU.
    fn register(&mut self, name: &str) -> Result<u128, String>;
    /// Memory as that vCPU sees it.
    fn memory(&mut self, address: u64, len: usize) -> Result<Vec<u8>, String>;
    /// The digest of the whole state.
    fn digest(&mut self) -> Result<StateDigest, String>;
    /// Moments and digests before the instructions at counts, which ascend, from one run without any debugger.
    fn straight(&mut self, counts: &[u64]) -> Result<Vec<(Moment, StateDigest)>, String>;
}

/// A remembered position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mark {
    moment: Moment,
    pc: u64,
    digest: StateDigest,
}

/// Moves that are under way.
struct Travel<'a> {
    driver: &'a mut dyn Driver,
    marks: BTreeMap<String, Mark>,
    stops: Stops,
    last: Option<Ended>,
}

/// A move that failed, or an expectation that did not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("debug[{}]: {message}", .way.iter().map(ToString::to_string).collect::<Vec<_>>().join("]["))]
pub struct TravelError {
    /// The place of the move in the list, and within `repeat` that in its list.
    pub way: Vec<usize>,
    /// What was wrong.
    pub message: String,
}

/// Does the moves of a scenario.
///
/// # Errors
/// Names the move that failed, or whose expectation does not hold.
pub fn travel(driver: &mut dyn Driver, moves: &[Move]) -> Result<(), TravelError> {
    let (marks, stops) = (BTreeMap::new(), Stops::default());
    Travel { driver, marks, stops, last: None }.all(moves, &mut Vec::new())
}

impl Travel<'_> {
    fn all(&mut self, moves: &[Move], way: &mut Vec<usize>) -> Result<(), TravelError> {
        for (index, step) in moves.iter().enumerate() {
            way.push(index);
            if let Move::Repeat(repeat) = step {
                for _ in 0..repeat.times {
                    self.all(&repeat.moves, way)?;
                }
            } else {
                self.one(step).map_err(|message| TravelError { way: way.clone(), message })?;
            }
            way.pop();
        }
        Ok(())
    }

    fn one(&mut self, step: &Move) -> Result<(), String> {
        match step {
            Move::Step(count) => {
                for _ in 0..*count {
                    self.last = Some(self.driver.step()?);
                }
            }
            Move::ReverseStep(count) => {
                for _ in 0..*count {
                    self.last = Some(self.driver.reverse_step()?);
                }
            }
            Move::Continue => self.last = Some(self.driver.resume()?),
            Move::ReverseContinue => self.last = Some(self.driver.reverse_resume()?),
            Move::Break(place) => {
                let address = self.address(place)?;
                self.stops.breakpoints.push(address);
                self.driver.set_stops(&self.stops)?;
            }
            Move::Watch(watch) => {
                let address = self.address(&watch.address)?;
                let watched = Watched { address, size: watch.size, kind: watch.kind };
                self.stops.watchpoints.push(watched);
                self.driver.set_stops(&self.stops)?;
            }
            Move::BreakEvent(event) => {
                self.stops.events.push(event.clone());
                self.driver.set_stops(&self.stops)?;
            }
            Move::Delete => {
                self.stops = Stops::default();
                self.driver.set_stops(&self.stops)?;
            }
            Move::Reattach => {
                self.driver.reattach()?;
                self.driver.set_stops(&self.stops)?;
            }
            Move::Seek(target) => {
                let to = match target {
                    Target::Start => Moment::START,
                    Target::End => Moment::NEVER,
                    Target::Moment(moment) => *moment,
                    Target::Mark(name) => self.mark(name)?.moment,
                };
                self.last = Some(self.driver.seek(to)?);
            }
            Move::Mark(name) => {
                let here = self.here()?;
                self.marks.insert(name.clone(), here);
            }
            Move::CompareSeeks(seeks) => self.compare_seeks(*seeks)?,
            Move::Expect(expected) => self.expect(expected)?,
            // Its moves are done by `all`.
            Move::Repeat(_) => {}
        }
        Ok(())
    }

    fn here(&mut self) -> Result<Mark, String> {
        let (moment, pc) = (self.driver.moment()?, self.driver.pc()?);
        Ok(Mark { moment, pc, digest: self.driver.digest()? })
    }

    fn mark(&self, name: &str) -> Result<Mark, String> {
        let known = || self.marks.keys().cloned().collect::<Vec<_>>().join(", ");
        let mark = self.marks.get(name).copied();
        mark.ok_or_else(|| format!("no position was remembered as `{name}`, only: {}", known()))
    }

    fn address(&mut self, place: &Place) -> Result<u64, String> {
        let base = match &place.base {
            Base::Zero(address) => *address,
            Base::Here => self.driver.pc()?,
            Base::Register(name) => self.driver.register(name)? as u64,
        };
        Ok(base.wrapping_add_signed(place.offset))
    }

    fn compare_seeks(&mut self, seeks: CompareSeeks) -> Result<(), String> {
        let mut random = Rng::new(seeks.seed, Use::Test);
        let end = self.driver.end()?.retired.max(1);
        let chosen: Vec<u64> = (0..seeks.moments).map(|_| random.next_u64() % end).collect();
        let mut counts = chosen.clone();
        counts.sort_unstable();
        counts.dedup();
        let straight = self.driver.straight(&counts)?;
        let expected: BTreeMap<_, _> = counts.iter().zip(straight).collect();
        for count in &chosen {
            self.driver.seek(Moment { retired: *count, ordinal: u32::MAX })?;
            let found = (self.driver.moment()?, self.driver.digest()?);
            if expected.get(count) != Some(&found) {
                return Err(format!(
                    "before instruction {count} the straight run is {:?}, the timeline {found:?}",
                    expected.get(count)
                ));
            }
        }
        Ok(())
    }

    fn expect(&mut self, expected: &Expectation) -> Result<(), String> {
        self.expect_stop(expected)?;
        self.expect_place(expected)?;
        if let Some(pc) = &expected.pc {
            let (wanted, found) = (self.address(pc)?, self.driver.pc()?);
            same("pc", &format!("{wanted:#x}"), &format!("{found:#x}"))?;
        }
        for (name, wanted) in &expected.registers {
            let found = self.driver.register(name)?;
            same(name, &format!("{wanted:#x}"), &format!("{found:#x}"))?;
        }
        if let Some(memory) = &expected.memory {
            let address = self.address(&memory.address)?;
            let found = self.driver.memory(address, memory.bytes.0.len())?;
            let what = format!("memory at {address:#x}");
            same(&what, &format!("{:02x?}", memory.bytes.0), &format!("{found:02x?}"))?;
        }
        Ok(())
    }

    fn expect_stop(&self, expected: &Expectation) -> Result<(), String> {
        if expected.stop.is_none() && expected.event.is_none() {
            return Ok(());
        }
        let last = self.last.as_ref().ok_or("nothing has moved yet")?;
        let wrong = |wanted: &dyn std::fmt::Debug| {
            format!("the last move should have ended with {wanted:?}, not with {}", last.text)
        };
        if let Some(stop) = expected.stop.filter(|stop| *stop != last.stop) {
            return Err(wrong(&stop));
        }
        match expected.event.filter(|kind| Some(kind.0) != last.event) {
            Some(kind) => Err(wrong(&kind.0)),
            None => Ok(()),
        }
    }

    fn expect_place(&mut self, expected: &Expectation) -> Result<(), String> {
        let now = self.driver.moment()?;
        if let Some(moment) = expected.moment {
            same("moment", &moment.0.to_string(), &now.to_string())?;
        }
        if let Some(name) = &expected.at {
            let (wanted, found) = (self.mark(name)?, self.here()?);
            same(&format!("position `{name}`"), &format!("{wanted:x?}"), &format!("{found:x?}"))?;
        }
        if let Some(name) = &expected.before {
            let mark = self.mark(name)?.moment;
            if now >= mark {
                return Err(format!("{now} is not before `{name}`, which is {mark}"));
            }
        }
        if let Some(name) = &expected.after {
            let mark = self.mark(name)?.moment;
            if now <= mark {
                return Err(format!("{now} is not after `{name}`, which is {mark}"));
            }
        }
        Ok(())
    }
}

fn same(what: &str, expected: &str, found: &str) -> Result<(), String> {
    if expected == found {
        return Ok(());
    }
    Err(format!("{what} should be {expected}, not {found}"))
}
