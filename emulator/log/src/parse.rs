//! From a dump back to the log.
//!
//! Exists to keep the dump honest (see the module `dump`), and to write logs by hand in tests. It accepts exactly
//! what the dump writes, and comments.

use std::str::FromStr;

use lockstep_core::{
    EntryId, Event, EventKind, Input, InterruptClass, Owner, StateDigest, StopReason, VcpuId,
    VirtualTime, What,
};

use crate::dump::{EVENTS, EventLine, TITLE};
use crate::format::FormatVersion;
use crate::header::Header;
use crate::text::{ParseError, Words, excerpt, unquote, unquote_str};

/// Undoes [`dump`](crate::dump). Lines that begin with `#` are comments.
pub fn parse_dump(text: &str) -> Result<(Header, Vec<Event>), ParseError> {
    let title = format!("{TITLE} {}", FormatVersion::CURRENT);
    let mut lines = text.lines().enumerate().filter(|(_, line)| !line.starts_with('#'));
    if lines.next().is_none_or(|(_, line)| line != title) {
        return Err(ParseError::new(1, format!("a dump begins with '{title}'")));
    }
    let mut header = String::new();
    for (_, line) in lines.by_ref().take_while(|(_, line)| *line != EVENTS) {
        header.push_str(line);
        header.push('\n');
    }
    let header = Header::from_text(&header)
        .map_err(|error| ParseError { line: error.line + 1, detail: error.detail })?;
    let events = lines.map(|(place, line)| {
        parse_event(line).map_err(|detail| ParseError::new(place + 1, detail))
    });
    Ok((header, events.collect::<Result<_, _>>()?))
}

/// Undoes [`EventLine`]; the error says what is wrong with the line.
pub fn parse_event(line: &str) -> Result<Event, String> {
    let mut words = Words::new(line);
    let at = parse(words.word()?)?;
    let vcpu = parse_vcpu(words.word()?)?;
    let name = words.word()?;
    let kind = EventKind::ALL.into_iter().find(|kind| kind.name() == name);
    let kind = kind.ok_or_else(|| format!("unknown event {}", excerpt(name)))?;
    let event = Event { at, vcpu, what: parse_what(kind, &mut words)? };
    words.end()?;
    let again = EventLine(&event).to_string();
    if again == line { Ok(event) } else { Err(format!("this would be written {}", again.trim())) }
}

fn parse_what(kind: EventKind, words: &mut Words<'_>) -> Result<What, String> {
    Ok(match kind {
        EventKind::Input => What::Input(parse_input(words)?),
        EventKind::ConsoleOut => What::ConsoleOut {
            port: parse(words.value("port")?)?,
            byte: match unquote(words.word()?)?.as_slice() {
                [byte] => *byte,
                _ => return Err("expected one byte".to_owned()),
            },
        },
        EventKind::Due => What::Due {
            id: parse_entry(words.word()?)?,
            armed_for: parse_ns(words.value("armed-for")?)?,
        },
        EventKind::Warp => What::Warp { to: parse_ns(words.value("to")?)? },
        EventKind::Interrupt => {
            What::Interrupt { class: parse_class(words.word()?)?, pc: parse_hex(words, "pc")? }
        }
        EventKind::Switch => What::Switch { from: parse_vcpu(words.value("from")?)? },
        EventKind::VcpuOn => What::VcpuOn { entry: parse_hex(words, "entry")? },
        EventKind::VcpuOff => What::VcpuOff,
        EventKind::MachineReset => What::MachineReset,
        EventKind::Completion => What::Completion {
            device: parse(words.value("device")?)?,
            request: parse(words.value("request")?)?,
            status: parse_hex(words, "status")?,
        },
        EventKind::Exception => What::Exception {
            class: u32::try_from(parse_hex(words, "class")?).map_err(|error| error.to_string())?,
            syndrome: parse_hex(words, "syndrome")?,
            address: parse_hex(words, "address")?,
            pc: parse_hex(words, "pc")?,
        },
        EventKind::TlbFill => What::TlbFill {
            page: parse_hex(words, "page")?,
            frame: parse_hex(words, "frame")?,
            attributes: parse_hex(words, "attributes")?,
        },
        EventKind::Digest => What::Digest {
            events: from_hex(words.value("events")?, u64::from_str_radix)?,
            state: StateDigest(from_hex(words.value("state")?, u128::from_str_radix)?),
        },
        EventKind::Stop => What::Stop(parse_stop(words)?),
        EventKind::DeviceFault => What::DeviceFault {
            device: parse(words.value("device")?)?,
            report: unquote_str(words.word()?)?,
        },
    })
}

fn parse_input(words: &mut Words<'_>) -> Result<Input, String> {
    Ok(match words.word()? {
        "console" => {
            Input::Console { port: parse(words.value("port")?)?, bytes: unquote(words.word()?)? }
        }
        "power-key" => Input::PowerKey,
        "reset" => Input::Reset,
        "time-passes" => Input::TimePasses { to: parse_ns(words.value("to")?)? },
        "stop" => Input::Stop,
        "host-read" => Input::HostRead {
            device: parse(words.value("device")?)?,
            request: parse(words.value("request")?)?,
            good: parse(words.value("good")?)?,
        },
        "keyframe" => Input::Keyframe,
        other => return Err(format!("unknown input {}", excerpt(other))),
    })
}

fn parse_stop(words: &mut Words<'_>) -> Result<StopReason, String> {
    Ok(match words.word()? {
        "power-off" => StopReason::PowerOff,
        "reset" => StopReason::Reset,
        "guest-exit" => StopReason::GuestExit(parse(words.word()?)?),
        "requested" => StopReason::Requested,
        "dead" => StopReason::Dead(unquote_str(words.word()?)?),
        "unimplemented" => StopReason::Unimplemented(unquote_str(words.word()?)?),
        other => return Err(format!("unknown reason to stop {}", excerpt(other))),
    })
}

fn parse_class(word: &str) -> Result<InterruptClass, String> {
    InterruptClass::ALL
        .into_iter()
        .find(|class| class.to_string() == word)
        .ok_or_else(|| format!("unknown kind of interrupt {}", excerpt(word)))
}

fn parse_entry(word: &str) -> Result<EntryId, String> {
    let wrong = || format!("expected OWNER:NUMBER, found {}", excerpt(word));
    let (owner, number) = word.split_once(':').ok_or_else(wrong)?;
    let owner = if let Some(place) = owner.strip_prefix("device") {
        Owner::Device(parse(place)?)
    } else {
        Owner::Vcpu(parse_vcpu(owner)?)
    };
    Ok(EntryId { owner, number: parse(number)? })
}

fn parse_vcpu(word: &str) -> Result<VcpuId, String> {
    let number = word.strip_prefix("cpu").ok_or_else(|| format!("no vCPU: {}", excerpt(word)))?;
    Ok(VcpuId(parse(number)?))
}

fn parse_ns(word: &str) -> Result<VirtualTime, String> {
    let number = word.strip_suffix("ns").ok_or_else(|| format!("not in ns: {}", excerpt(word)))?;
    Ok(VirtualTime::from_ns(parse(number)?))
}

fn parse_hex(words: &mut Words<'_>, key: &str) -> Result<u64, String> {
    let word = words.value(key)?;
    let digits = word.strip_prefix("0x").ok_or_else(|| format!("no 0x: {}", excerpt(word)))?;
    from_hex(digits, u64::from_str_radix)
}

fn from_hex<T, E: ToString>(
    digits: &str,
    parse: fn(&str, u32) -> Result<T, E>,
) -> Result<T, String> {
    parse(digits, 16).map_err(|error| format!("{}: {}", excerpt(digits), error.to_string()))
}

fn parse<T: FromStr<Err: ToString>>(word: &str) -> Result<T, String> {
    word.parse().map_err(|error: T::Err| format!("{}: {}", excerpt(word), error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    /// Catches a parser that guesses, or panics, when a line has been edited.
    #[test]
    fn edited_lines_are_errors() {
        for event in samples::events() {
            let line = EventLine(&event).to_string();
            for (place, _) in line.char_indices().filter(|(place, _)| *place > 14) {
                let cut = parse_event(&line[..place]);
                assert_ne!(cut.as_ref(), Ok(&event), "{line}");
                for extra in ['%', ' ', '0', '+'] {
                    let mut longer = line.clone();
                    longer.insert(place, extra);
                    assert_ne!(parse_event(&longer).as_ref(), Ok(&event), "{longer}");
                }
            }
        }
    }
}
