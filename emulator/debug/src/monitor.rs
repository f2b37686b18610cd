//! What a debugger can ask of a timeline that its own commands have no words for.
//!
//! Each command is a row of one table, so that `help` cannot fall behind. A command answers with text; one that
//! cannot be done says why and changes nothing.

use std::fmt::Write;

use lockstep_core::{EventKind, Moment};
use lockstep_log::{EventLine, quote, unquote};
use lockstep_machine::{DeviceRegion, Machine};
use lockstep_timeline::{EventCondition, Stop, TimelineError};

use crate::debuggee::Debuggee;
use crate::symbols::Symbols;

/// Events shown before and after a moment.
const AROUND: usize = 8;
/// The most that anybody wants to read.
const MOST_AROUND: usize = 1000;

/// Why a command was not done.
#[derive(Debug, thiserror::Error)]
enum MonitorError {
    #[error("there is no command '{0}': see `monitor help`")]
    Unknown(String),
    #[error("write it as: monitor {0}")]
    Usage(&'static str),
    #[error("{0}")]
    Argument(String),
    #[error(transparent)]
    Timeline(#[from] TimelineError),
}

type Answer = Result<String, MonitorError>;

struct Command {
    name: &'static str,
    /// How it is written.
    usage: &'static str,
    help: &'static str,
    act: fn(&mut Debuggee, &str) -> Answer,
}

const COMMANDS: [Command; 10] = [
    Command {
        name: "moment",
        usage: "moment",
        help: "where the recording is: moment, virtual time, vCPU, instruction",
        act: |debuggee, arguments| none(arguments, "moment").map(|()| describe_position(debuggee)),
    },
    Command {
        name: "seek",
        usage: "seek MOMENT|+N|-N|start|end",
        help: "go to a moment, written RETIRED or RETIRED.ORDINAL, or N instructions on or back",
        act: seek,
    },
    Command {
        name: "events",
        usage: "events [MOMENT] [COUNT]",
        help: "the recorded events around a moment, or around here",
        act: events,
    },
    Command {
        name: "break-event",
        usage: "break-event [KIND|\"TEXT\"|device NAME|clear]",
        help: "stop at every event of a kind, where the console shows a text, or at accesses to a device; without argument, list them",
        act: break_event,
    },
    Command {
        name: "checkpoints",
        usage: "checkpoints",
        help: "the states that are kept for going back, and the memory that they take",
        act: checkpoints,
    },
    Command {
        name: "digest",
        usage: "digest",
        help: "the digest of the machine's whole state here",
        act: |debuggee, arguments| {
            none(arguments, "digest")?;
            Ok(format!("{}  at {}\n", debuggee.timeline.digest(), debuggee.timeline.moment()))
        },
    },
    Command {
        name: "registers",
        usage: "registers [NAME...]",
        help: "registers of the vCPU that stopped, those included that the debugger has no names for",
        act: registers,
    },
    Command {
        name: "symbol",
        usage: "symbol ADDRESS|NAME",
        help: "the symbol that an address is in, or a symbol's address",
        act: symbol,
    },
    Command {
        name: "branch",
        usage: "branch [drop]",
        help: "whether writes have opened a branch, and where; drop it, and be where it began",
        act: branch,
    },
    Command {
        name: "help",
        usage: "help",
        help: "this list",
        act: |_, arguments| none(arguments, "help").map(|()| help()),
    },
];

/// Does a command, and says what came of it.
pub(crate) fn run(debuggee: &mut Debuggee, line: &str) -> String {
    let line = line.trim();
    let (name, arguments) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let command = COMMANDS.iter().find(|command| command.name == name);
    let answer = match command {
        Some(command) => (command.act)(debuggee, arguments.trim()),
        None if name.is_empty() => Ok(help()),
        None => Err(MonitorError::Unknown(name.to_owned())),
    };
    answer.unwrap_or_else(|error| format!("error: {error}\n"))
}

fn help() -> String {
    let mut text = String::new();
    for Command { usage, help, .. } in &COMMANDS {
        // Writing to a string does not fail; so below.
        let _ = writeln!(text, "monitor {usage:<36} {help}");
    }
    text
}

fn none(arguments: &str, usage: &'static str) -> Result<(), MonitorError> {
    if arguments.is_empty() { Ok(()) } else { Err(MonitorError::Usage(usage)) }
}

/// Where a machine is, on one line: `moment 1200.0  time 4.8us  cpu0  0x40000080 <start+128>  add x0, x0, #1`.
#[must_use]
pub(crate) fn position(machine: &dyn Machine, symbols: &Symbols) -> String {
    let (vcpu, pc) = machine.position();
    let insn = machine.disassemble_at(vcpu, pc).map(|insn| insn.text);
    let insn = insn.unwrap_or_else(|| "(no instruction can be read)".to_owned());
    let (moment, time) = (machine.moment(), machine.time());
    format!("moment {moment}  time {time}  {vcpu}  {}  {insn}", symbols.show(pc))
}

fn describe_position(debuggee: &Debuggee) -> String {
    let mut text = position(debuggee.machine(), &debuggee.symbols);
    text.push('\n');
    let (start, end) = (debuggee.timeline.start(), debuggee.timeline.end());
    let _ = writeln!(text, "recording {start} to {end}, {}", debuggee.timeline.ending());
    if let Some(began) = debuggee.timeline.branch() {
        let _ = writeln!(text, "on a branch that began at {began}");
    }
    text
}

fn parse_moment(text: &str) -> Result<Moment, MonitorError> {
    text.parse()
        .map_err(|error: lockstep_core::ParseMomentError| MonitorError::Argument(error.to_string()))
}

fn target_of(debuggee: &Debuggee, text: &str) -> Result<Moment, MonitorError> {
    let here = debuggee.timeline.moment().retired;
    let distance = |digits: &str| {
        let wrong = || MonitorError::Argument(format!("'{text}' is no number of instructions"));
        digits.replace('_', "").parse::<u64>().map_err(|_| wrong())
    };
    if let Some(digits) = text.strip_prefix('+') {
        return Ok(whole(here.saturating_add(distance(digits)?)));
    }
    if let Some(digits) = text.strip_prefix('-') {
        return Ok(whole(here.saturating_sub(distance(digits)?)));
    }
    match text {
        "start" => Ok(debuggee.timeline.start()),
        "end" => Ok(debuggee.timeline.end()),
        // A bare count is the usual position there: before the instruction, when all else has happened.
        text if !text.contains('.') => parse_moment(text).map(|moment| whole(moment.retired)),
        text => parse_moment(text),
    }
}

/// The position before the instruction at a count.
const fn whole(retired: u64) -> Moment {
    Moment { retired, ordinal: u32::MAX }
}

fn seek(debuggee: &mut Debuggee, arguments: &str) -> Answer {
    if arguments.is_empty() || arguments.contains(char::is_whitespace) {
        return Err(MonitorError::Usage("seek MOMENT|+N|-N|start|end"));
    }
    let to = target_of(debuggee, arguments)?;
    let stop = debuggee.timeline.seek(to)?;
    debuggee.stopped = debuggee.current();
    let mut text = match stop {
        Stop::Diverged(divergence) => format!("{divergence}\n"),
        Stop::Interrupted => "interrupted on the way\n".to_owned(),
        Stop::StartOfHistory => "the recording begins here\n".to_owned(),
        Stop::EndOfHistory => "the recording ends here\n".to_owned(),
        _ => String::new(),
    };
    text += &describe_position(debuggee);
    text += "gdb still shows the registers from before: `maintenance flush register-cache`\n";
    Ok(text)
}

fn events(debuggee: &mut Debuggee, arguments: &str) -> Answer {
    let usage = || MonitorError::Usage("events [MOMENT] [COUNT]");
    let mut words = arguments.split_whitespace();
    let around = words.next().map_or(Ok(debuggee.timeline.moment()), parse_moment)?;
    let count = words.next().map_or(Ok(AROUND), str::parse).map_err(|_| usage())?;
    if words.next().is_some() {
        return Err(usage());
    }
    let (before, after) = debuggee.timeline.events_around(around, count.min(MOST_AROUND));
    let mut text = String::new();
    before.iter().for_each(|event| {
        let _ = writeln!(text, "{}", EventLine(event));
    });
    let _ = writeln!(text, "{:>14}  ----", around.to_string());
    after.iter().for_each(|event| {
        let _ = writeln!(text, "{}", EventLine(event));
    });
    Ok(text)
}

fn break_event(debuggee: &mut Debuggee, arguments: &str) -> Answer {
    match arguments {
        "" => {
            let lines = debuggee.points.events().iter().map(|event| show_condition(event) + "\n");
            let text: String = lines.collect();
            return Ok(if text.is_empty() { "no events to stop at\n".to_owned() } else { text });
        }
        "clear" => {
            debuggee.points.clear_events();
            return Ok("no events to stop at\n".to_owned());
        }
        _ => {}
    }
    let condition = match arguments.strip_prefix("device") {
        Some(name) if name.is_empty() || name.starts_with(' ') => {
            EventCondition::Device(device(debuggee, name.trim())?)
        }
        _ => parse_condition(arguments)?,
    };
    let text = format!("stopping at {}\n", show_condition(&condition));
    debuggee.points.add_event(condition);
    Ok(text)
}

/// A device of the board, by its name.
fn device(debuggee: &Debuggee, name: &str) -> Result<DeviceRegion, MonitorError> {
    let regions = debuggee.machine().device_regions();
    if regions.is_empty() {
        let text =
            "this board's devices are reached by instructions of their own, not by addresses";
        return Err(MonitorError::Argument(text.to_owned()));
    }
    let names: Vec<String> = regions.iter().map(|region| region.name.clone()).collect();
    regions.into_iter().find(|region| region.name == name).ok_or_else(|| {
        MonitorError::Argument(format!("'{name}' is none of the devices: {}", names.join(", ")))
    })
}

fn parse_condition(text: &str) -> Result<EventCondition, MonitorError> {
    if text.starts_with('"') {
        let bytes = unquote(text).map_err(MonitorError::Argument)?;
        return if bytes.is_empty() {
            Err(MonitorError::Argument("an empty text is everywhere".to_owned()))
        } else {
            Ok(EventCondition::ConsoleText(bytes))
        };
    }
    let kind = EventKind::ALL.into_iter().find(|kind| kind.name() == text);
    kind.map(EventCondition::Kind).ok_or_else(|| {
        let names: Vec<&str> = EventKind::ALL.iter().map(|kind| kind.name()).collect();
        let names = names.join(", ");
        MonitorError::Argument(format!(
            "'{text}' is neither a \"TEXT\" nor device NAME nor one of: {names}"
        ))
    })
}

fn show_condition(condition: &EventCondition) -> String {
    match condition {
        EventCondition::Kind(kind) => format!("{} events", kind.name()),
        EventCondition::Device(region) => format!("accesses to {}", region.name),
        EventCondition::ConsoleText(text) => format!("console text {}", quote(text)),
    }
}

fn checkpoints(debuggee: &mut Debuggee, arguments: &str) -> Answer {
    none(arguments, "checkpoints")?;
    let found = debuggee.timeline.checkpoints();
    let mut text = String::new();
    for moment in &found.moments {
        let _ = writeln!(text, "{moment:>14}");
    }
    let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    let (count, bytes, budget) = (found.moments.len(), mib(found.bytes), mib(found.budget));
    let _ = writeln!(text, "{count} checkpoints, {bytes:.1} of {budget:.0} MiB");
    Ok(text)
}

fn registers(debuggee: &mut Debuggee, arguments: &str) -> Answer {
    let wanted: Vec<&str> = arguments.split_whitespace().collect();
    let numbers: Vec<usize> = if wanted.is_empty() {
        debuggee.registers.all().map(|(number, _)| number).collect()
    } else {
        let number = |name: &&str| {
            let missing = || MonitorError::Argument(format!("there is no register '{name}'"));
            debuggee.registers.number(name).ok_or_else(missing)
        };
        wanted.iter().map(number).collect::<Result<_, _>>()?
    };
    let mut text = String::new();
    for (number, info) in debuggee.registers.all().filter(|(number, _)| numbers.contains(number)) {
        let Some(value) = debuggee.machine().register(debuggee.stopped, number) else { continue };
        let digits = usize::from(info.bits) / 4 + 2;
        let _ = write!(text, "{:<18} {value:#0digits$x}", info.name.to_ascii_lowercase());
        let symbol = u64::try_from(value).ok().and_then(|value| debuggee.symbols.lookup(value));
        if let Some((name, offset)) = symbol {
            let _ = write!(text, "  <{name}+{offset}>");
        }
        text.push('\n');
    }
    Ok(text)
}

fn symbol(debuggee: &mut Debuggee, arguments: &str) -> Answer {
    let symbols = &debuggee.symbols;
    if arguments.is_empty() {
        return Err(MonitorError::Usage("symbol ADDRESS|NAME"));
    }
    if symbols.is_empty() {
        let text = "there are no symbols: give an ELF file with --symbols";
        return Err(MonitorError::Argument(text.to_owned()));
    }
    let hex = arguments.strip_prefix("0x").map(|digits| u64::from_str_radix(digits, 16));
    let address = match hex {
        Some(Ok(address)) => address,
        Some(Err(_)) => return Err(MonitorError::Argument(format!("'{arguments}' is no address"))),
        None => {
            let missing = || MonitorError::Argument(format!("there is no symbol '{arguments}'"));
            symbols.address(arguments).ok_or_else(missing)?
        }
    };
    Ok(format!("{}\n", symbols.show(address)))
}

fn branch(debuggee: &mut Debuggee, arguments: &str) -> Answer {
    let began = debuggee.timeline.branch();
    match (arguments, began) {
        ("", None) => Ok("no branch: this is the recording\n".to_owned()),
        ("", Some(began)) => Ok(format!("on a branch that began at {began}\n")),
        ("drop", None) => Err(MonitorError::Argument("there is no branch".to_owned())),
        ("drop", Some(_)) => {
            debuggee.timeline.branch_drop()?;
            debuggee.stopped = debuggee.current();
            let mut text = "the branch is gone\n".to_owned();
            text += &describe_position(debuggee);
            text +=
                "gdb still shows the registers from before: `maintenance flush register-cache`\n";
            Ok(text)
        }
        _ => Err(MonitorError::Usage("branch [drop]")),
    }
}
