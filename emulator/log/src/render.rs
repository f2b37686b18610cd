//! A log as a page that people review.
//!
//! A golden log is read in a pull request: it must show what the guest did, and must change when anything did. So a
//! short log is shown whole, with console bytes joined to lines and repetitions folded; of a long one the console
//! text, inputs and resets are shown. Both end with counts and digests that cover every event. Nothing
//! depends on the host, on the seed of a harness, or on which version of the program made the log.

use std::borrow::Borrow;
use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write;

use lockstep_core::{Event, EventKind, Moment, What, chain};

use crate::dump::{EventLine, WhatText};
use crate::fold::fold;
use crate::header::Header;
use crate::text::quote;

/// How much is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RenderLimits {
    /// A log with more events than this is long.
    pub whole_events: usize,
    /// So is one that takes more lines than this.
    pub whole_lines: usize,
    /// Lines of a long log: half from its start, half from its end.
    pub milestones: usize,
    /// Digests that are shown, evenly spread.
    pub digests: usize,
}

impl Default for RenderLimits {
    fn default() -> Self {
        Self { whole_events: 20_000, whole_lines: 300, milestones: 200, digests: 16 }
    }
}

/// Renders a log for review.
pub fn render<E: Borrow<Event>>(
    header: &Header,
    events: impl IntoIterator<Item = E>,
    limits: &RenderLimits,
) -> String {
    let mut page = Page::new(*limits);
    for event in events {
        page.event(event.borrow());
    }
    let mut text = render_header(header);
    page.finish(&mut text);
    text
}

fn render_header(header: &Header) -> String {
    let machine = &header.machine;
    let options = machine.options.iter().map(|(name, value)| format!(",{name}={value}"));
    let mut text = format!(
        "machine {} {}{}\ncpu {} x {}\nmemory {} KiB\nns-per-insn {}\nlevel {}\n",
        machine.arch,
        machine.board,
        options.collect::<String>(),
        machine.cpu,
        machine.vcpus,
        machine.memory >> 10,
        machine.ns_per_insn,
        header.level,
    );
    if !machine.append.is_empty() {
        push(&mut text, format_args!("append {}", quote(machine.append.as_bytes())));
    }
    for image in &header.images {
        let digest = image.digest.short();
        push(&mut text, format_args!("image {} {} bytes {digest}", image.role, image.len));
    }
    text
}

fn push(text: &mut String, line: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{line}");
}

/// One entry of a listing.
#[derive(Clone, Debug)]
pub(crate) enum Item {
    /// A line of console text, or what there is of it.
    Text { port: u8, first: Moment, last: Moment, bytes: Vec<u8> },
    /// Any other event.
    Event(Event),
}

impl Item {
    pub(crate) const fn first(&self) -> Moment {
        match self {
            Self::Text { first, .. } => *first,
            Self::Event(event) => event.at,
        }
    }

    /// The item as a line.
    pub(crate) fn line(&self) -> String {
        match self {
            Self::Text { port, first, last, bytes } => {
                format!("{first:>14}  console{port} {} ..{last}", quote(bytes))
            }
            Self::Event(event) => EventLine(event).to_string(),
        }
    }

    /// What items have in common that are alike but for numbers; nothing for items that are each of interest.
    pub(crate) fn shape(&self) -> Option<String> {
        let Self::Event(event) = self else { return None };
        if is_milestone(event.what.kind()) {
            return None;
        }
        let text = WhatText(&event.what).to_string();
        let words = text.split(' ').filter(|word| !word.contains('='));
        Some(words.collect::<Vec<_>>().join(" "))
    }
}

/// Whether events of this kind are shown of a long log too.
const fn is_milestone(kind: EventKind) -> bool {
    use EventKind::{DeviceFault, Input, MachineReset, Stop, VcpuOff, VcpuOn};
    matches!(kind, DeviceFault | Input | MachineReset | Stop | VcpuOff | VcpuOn)
}

/// A line of console text is broken when it has this many bytes.
const LONG_LINE: usize = 160;

/// What was seen of a log so far.
struct Page {
    limits: RenderLimits,
    /// Everything, as long as the log is short.
    whole: Option<Vec<Item>>,
    milestones: Ends,
    digests: Spread,
    counts: BTreeMap<EventKind, u64>,
    /// The line that each port is in.
    lines: BTreeMap<u8, Item>,
    /// Bytes and running digest of each port's text.
    console: BTreeMap<u8, (u64, u64)>,
    events: usize,
    running: u64,
    last: Option<Moment>,
}

impl Page {
    fn new(limits: RenderLimits) -> Self {
        Self {
            limits,
            whole: Some(Vec::new()),
            milestones: Ends::new(limits.milestones),
            digests: Spread::new(limits.digests),
            counts: BTreeMap::new(),
            lines: BTreeMap::new(),
            console: BTreeMap::new(),
            events: 0,
            running: 0,
            last: None,
        }
    }

    fn event(&mut self, event: &Event) {
        *self.counts.entry(event.what.kind()).or_default() += 1;
        self.last = Some(event.at);
        self.running = chain(self.running, EventLine(event).to_string().as_bytes());
        self.events += 1;
        if self.events > self.limits.whole_events {
            self.whole = None;
        }
        match event.what {
            What::ConsoleOut { port, byte } => self.console_out(event.at, port, byte),
            What::Digest { .. } => self.digests.push(event),
            _ => self.item(&Item::Event(event.clone())),
        }
    }

    fn console_out(&mut self, at: Moment, port: u8, byte: u8) {
        let (len, digest) = self.console.entry(port).or_default();
        *len += 1;
        *digest = chain(*digest, &[byte]);
        let empty = || Item::Text { port, first: at, last: at, bytes: Vec::new() };
        let mut line = self.lines.remove(&port).unwrap_or_else(empty);
        if let Item::Text { last, bytes, .. } = &mut line {
            *last = at;
            bytes.push(byte);
            if byte != b'\n' && bytes.len() < LONG_LINE {
                self.lines.insert(port, line);
                return;
            }
        }
        self.item(&line);
    }

    fn item(&mut self, item: &Item) {
        if let Some(whole) = &mut self.whole {
            whole.push(item.clone());
        }
        match item {
            Item::Event(event) if !is_milestone(event.what.kind()) => {}
            item => self.milestones.push(item.line()),
        }
    }

    fn finish(mut self, text: &mut String) {
        for line in std::mem::take(&mut self.lines).into_values() {
            self.item(&line);
        }
        let whole = self.whole.as_deref().map(fold);
        if let Some(lines) = whole.filter(|lines| lines.len() <= self.limits.whole_lines) {
            push(text, format_args!("\nevents"));
            lines.iter().for_each(|line| push(text, format_args!("{line}")));
        } else {
            push(text, format_args!("\nmilestones"));
            self.milestones.write(text);
        }
        if !self.digests.kept.is_empty() {
            push(text, format_args!("\ndigests"));
            self.digests.write(text);
        }
        push(text, format_args!("\ncounts"));
        for (kind, count) in &self.counts {
            push(text, format_args!("{count:>14}  {}", kind.name()));
        }
        for (port, (len, digest)) in &self.console {
            push(text, format_args!("console{port} {len} bytes {digest:016x}"));
        }
        let last = self.last.map_or("never".to_owned(), |last| last.to_string());
        push(text, format_args!("all events {:016x}, the last at {last}", self.running));
    }
}

/// The first and the last lines of many.
struct Ends {
    limit: usize,
    head: Vec<String>,
    tail: VecDeque<String>,
    left_out: u64,
}

impl Ends {
    fn new(limit: usize) -> Self {
        Self { limit, head: Vec::new(), tail: VecDeque::new(), left_out: 0 }
    }

    fn push(&mut self, line: String) {
        let half = self.limit / 2;
        if self.head.len() < half {
            self.head.push(line);
            return;
        }
        self.tail.push_back(line);
        if self.tail.len() > self.limit - half {
            self.tail.pop_front();
            self.left_out += 1;
        }
    }

    fn write(&self, text: &mut String) {
        self.head.iter().for_each(|line| push(text, format_args!("{line}")));
        if self.left_out > 0 {
            push(text, format_args!("           ...  {} more", self.left_out));
        }
        self.tail.iter().for_each(|line| push(text, format_args!("{line}")));
    }
}

/// An even choice from a stream of unknown length: every `stride`-th, and the last.
struct Spread {
    limit: usize,
    stride: u64,
    seen: u64,
    kept: Vec<Event>,
    last: Option<Event>,
}

impl Spread {
    fn new(limit: usize) -> Self {
        Self { limit, stride: 1, seen: 0, kept: Vec::new(), last: None }
    }

    fn push(&mut self, event: &Event) {
        if self.seen.is_multiple_of(self.stride) {
            if self.kept.len() >= self.limit.max(2) {
                // Too many: keep every second, and from here on take half as many.
                let mut place = 0;
                self.kept.retain(|_| {
                    place += 1;
                    place % 2 == 1
                });
                self.stride *= 2;
            }
            if self.seen.is_multiple_of(self.stride) {
                self.kept.push(event.clone());
            }
        }
        self.seen += 1;
        self.last = Some(event.clone());
    }

    fn write(&self, text: &mut String) {
        let last = self.last.iter().filter(|last| self.kept.last() != Some(last));
        for event in self.kept.iter().chain(last) {
            push(text, format_args!("{}", EventLine(event)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    fn page(events: &[Event], limits: &RenderLimits) -> String {
        render(&samples::header(), events, limits)
    }

    /// Catches console text that is not joined, a repetition that is not folded, and a page that grows with the run.
    #[test]
    fn a_short_log_is_shown_whole() {
        let text = page(&samples::long_run(3), &RenderLimits::default());
        assert!(text.contains("console0 \"line 1\\n\" ..10130.0"), "{text}");
        assert_eq!(text.matches("warp").count(), 4, "{text}");
        let idle: Vec<_> = samples::long_run(1000)
            .into_iter()
            .filter(|event| event.what.kind() != EventKind::ConsoleOut)
            .collect();
        let text = page(&idle, &RenderLimits::default());
        assert!(text.contains("1000 times: warp; due cpu0:0; interrupt irq ..9990000.2"), "{text}");
        assert!(text.contains("\nevents\n"));
        assert!(text.lines().count() < 50, "{text}");
    }

    /// Catches a long log that is shown whole, or whose ends are not shown.
    #[test]
    fn a_long_log_is_shown_by_its_milestones() {
        let events = samples::long_run(5000);
        let text = page(&events, &RenderLimits::default());
        assert!(text.contains("\nmilestones\n"));
        for shown in ["line 0\\n", "line 4999\\n", "4801 more", "stop power-off"] {
            assert!(text.contains(shown), "no {shown}");
        }
        assert!(text.lines().count() < 260, "{} lines", text.lines().count());
    }

    /// Catches a page that stays the same when an event changes, were it in the middle of what is not shown.
    #[test]
    fn every_event_counts() {
        let events = samples::long_run(400);
        let limits = RenderLimits { whole_lines: 20, milestones: 4, ..RenderLimits::default() };
        let before = page(&events, &limits);
        for place in (0..events.len()).step_by(97) {
            let mut changed = events.clone();
            changed[place].at.ordinal += 1;
            assert_ne!(page(&changed, &limits), before);
            changed.remove(place);
            assert_ne!(page(&changed, &limits), before);
        }
    }

    /// Catches a page that depends on where images lie, on the program's version, or on the harness's seed.
    #[test]
    fn what_the_guest_cannot_see_is_not_shown() {
        let mut other = samples::header();
        other.creator = "lockstep 9".to_owned();
        other.machine.seed = 99;
        other.images[0].name = "/tmp/work/kernel".to_owned();
        other.bundled = true;
        let events = samples::events();
        let limits = RenderLimits::default();
        assert_eq!(render(&other, &events, &limits), page(&events, &limits));
    }
}
