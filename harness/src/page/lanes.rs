//! Which thread went when: a lane for each thread, drawn as SVG.
//!
//! A schedule's steps are its only time: one step is as wide as another, however long the host took for it.

use std::fmt;

use super::escape;

/// A part of a schedule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lanes {
    /// Whose it is: `recording-2`.
    pub name: String,
    /// The threads' names.
    pub threads: Vec<String>,
    /// What they did, in order.
    pub steps: Vec<LaneStep>,
}

/// A step of a schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaneStep {
    /// Its number in the whole schedule.
    pub number: u64,
    /// The place in the list of threads of the one that did it.
    pub thread: usize,
    /// At what the choice was made: `send`.
    pub site: String,
    /// The one before could have gone on, and was not let.
    pub preempts: bool,
}

/// Steps that are drawn: the last ones, for what failed failed at the end.
const DRAWN: usize = 120;
const LEFT: usize = 150;
const WIDTH: usize = 12;
const LANE: usize = 28;
const BAR: usize = 14;

impl Lanes {
    /// The threads of a saved schedule, and the last of their steps, which are comments there.
    ///
    /// `thread 1 log-writer` names a thread; in `# step 33: 0 at join, of 0 3 goes 3`, thread 0 is about to wait for another's
    /// end, 0 and 3 can go, and 3 does.
    #[must_use]
    pub fn from_saved(name: &str, text: &str) -> Self {
        let mut lanes = Self { name: name.to_owned(), ..Self::default() };
        for line in text.lines() {
            if let Some(thread) = line.strip_prefix("thread ") {
                let name = thread.split_once(' ').map_or(thread, |(_, name)| name);
                lanes.threads.push(name.to_owned());
            } else if let Some(step) = line.strip_prefix("# step ").and_then(LaneStep::parse) {
                lanes.steps.push(step);
            }
        }
        let threads = lanes.threads.len();
        lanes.steps.retain(|step| step.thread < threads);
        lanes
    }

    pub(super) fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let steps = &self.steps[self.steps.len().saturating_sub(DRAWN)..];
        let Some((first, last)) = steps.first().zip(steps.last()) else { return Ok(()) };
        let (width, height) = (LEFT + steps.len() * WIDTH + 10, self.threads.len() * LANE + 30);
        let (name, first, last) = (escape(&self.name), first.number, last.number);
        writeln!(f, "<h2>Threads of {name}, steps {first} to {last}</h2>")?;
        writeln!(f, "<p>A mark is where a thread that could have gone on was not let.</p>")?;
        writeln!(
            f,
            "<div class=\"wide\">\n<svg class=\"lanes\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"thread lanes\">"
        )?;
        for (lane, name) in self.threads.iter().enumerate() {
            let y = lane * LANE + LANE / 2 + 5;
            let text = escape(name);
            writeln!(f, "<text class=\"lane\" x=\"{}\" y=\"{y}\">{text}</text>", LEFT - 10)?;
            let y = lane * LANE + LANE / 2;
            writeln!(f, "<line x1=\"{LEFT}\" y1=\"{y}\" x2=\"{width}\" y2=\"{y}\"/>")?;
        }
        // The first step whose number has room behind the last one that was written.
        let mut free = 0;
        for (place, step) in steps.iter().enumerate() {
            let (x, y) = (LEFT + place * WIDTH, step.thread * LANE + (LANE - BAR) / 2);
            let about = escape(&format!("step {}: {}", step.number, step.site));
            writeln!(
                f,
                "<rect class=\"step t{}\" x=\"{x}\" y=\"{y}\" width=\"{}\" height=\"{BAR}\">\
                 <title>{about}</title></rect>",
                step.thread % 6,
                WIDTH - 1,
            )?;
            if step.preempts {
                let (end, tip) = (self.threads.len() * LANE + 2, x + WIDTH / 2);
                writeln!(
                    f,
                    "<line class=\"preempts\" x1=\"{x}\" y1=\"0\" x2=\"{x}\" y2=\"{end}\"/>"
                )?;
                if place >= free {
                    let (y, number) = (end + 14, step.number);
                    writeln!(f, "<text class=\"number\" x=\"{tip}\" y=\"{y}\">{number}</text>")?;
                    free = place + 4;
                }
            }
        }
        writeln!(f, "</svg>\n</div>")
    }
}

impl LaneStep {
    fn parse(text: &str) -> Option<Self> {
        let (number, rest) = text.split_once(": ")?;
        let (asks, rest) = rest.split_once(" at ")?;
        let (site, rest) = rest.split_once(", of ")?;
        let (could, goes) = rest.split_once(" goes ")?;
        let preempts = asks != goes && could.split(' ').any(|thread| thread == asks);
        let thread = goes.parse().ok()?;
        Some(Self { number: number.parse().ok()?, thread, site: site.to_owned(), preempts })
    }
}
