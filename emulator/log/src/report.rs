//! A divergence as values that other programs read.
//!
//! Whoever draws a divergence, or files it, should not have to take a text for people apart. The names of fields are an
//! interface: they are added to, and none changes its meaning.

use serde::{Deserialize, Serialize};

use crate::divergence::{Divergence, Line};
use crate::dump::WhatText;

/// A divergence, without types of this crate in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DivergenceReport {
    /// What differs, in a few words.
    pub summary: String,
    /// The first moment at which the two sides differ, as in a dump.
    pub moment: String,
    /// The virtual time there, in nanoseconds, where it is known.
    pub time_ns: Option<u64>,
    /// The vCPU that was running.
    pub vcpu: String,
    /// The address of its next instruction, where it is known.
    pub pc: Option<u64>,
    /// The same with the guest's symbols, where there are some.
    pub symbol: Option<String>,
    /// The instruction there, disassembled.
    pub instruction: Option<String>,
    /// What is around it: common events, then those that the log goes on with, then those that happened.
    pub lines: Vec<ReportLine>,
}

/// An event, or that there is none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportLine {
    /// `both`, `expected` or `actual`.
    pub who: String,
    /// This is the difference.
    pub differs: bool,
    /// Instructions that the machine had retired; nothing if there is no event.
    pub retired: Option<u64>,
    /// The ordinal of the event at that count.
    pub ordinal: Option<u32>,
    /// Virtual time in nanoseconds, where it is known.
    pub time_ns: Option<u64>,
    /// The vCPU.
    pub vcpu: Option<String>,
    /// What happened, as in a dump; empty if nothing did.
    pub what: String,
}

impl From<&Divergence> for DivergenceReport {
    fn from(divergence: &Divergence) -> Self {
        Self {
            summary: divergence.difference.summary(),
            moment: divergence.at.to_string(),
            time_ns: divergence.time().map(|time| time.as_ns()),
            vcpu: divergence.vcpu.to_string(),
            pc: divergence.pc,
            symbol: None,
            instruction: None,
            lines: divergence.lines().into_iter().map(ReportLine::from).collect(),
        }
    }
}

impl From<Line<'_>> for ReportLine {
    fn from(line: Line<'_>) -> Self {
        let Line { who, differs, time, event } = line;
        Self {
            who: who.to_owned(),
            differs,
            retired: event.map(|event| event.at.retired),
            ordinal: event.map(|event| event.at.ordinal),
            time_ns: time.map(|time| time.as_ns()),
            vcpu: event.map(|event| event.vcpu.to_string()),
            what: event.map(|event| WhatText(&event.what).to_string()).unwrap_or_default(),
        }
    }
}
