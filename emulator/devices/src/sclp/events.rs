//! The event facility: messages of the program, keys, and the power key.

use super::block::Block;
use super::spec::{self, command, event, message, quiesce, response};
use super::{Sclp, ebcdic};
use crate::DeviceCx;

/// The first 32 bits of a mask of any length.
fn mask(bytes: &[u8]) -> u32 {
    let byte = |at: usize| bytes.get(at).copied().unwrap_or(0);
    u32::from_be_bytes([byte(0), byte(1), byte(2), byte(3)])
}

fn half(bytes: &[u8], at: usize) -> Option<usize> {
    Some(usize::from(u16::from_be_bytes(*bytes.get(at..)?.first_chunk()?)))
}

/// Splits off a part that begins with its own length, which is at least `least`.
fn split(bytes: &[u8], least: usize) -> Option<(&[u8], &[u8])> {
    let length = half(bytes, 0)?;
    if length < least { None } else { bytes.split_at_checked(length) }
}

impl Sclp {
    /// Events that programs may give to the machine.
    fn taken(&self) -> u32 {
        let ascii = self.config.ascii_port.map_or(0, |_| event::bit(event::ASCII));
        let message = self.config.operator_port.map_or(0, |_| event::bit(event::MESSAGE));
        ascii | message | event::bit(event::PROGRAM_IDENTIFICATION)
    }

    /// Events that the machine has for programs.
    fn given(&self) -> u32 {
        let ascii = self.config.ascii_port.map_or(0, |_| event::bit(event::ASCII));
        let command = self.config.operator_port.map_or(0, |_| event::bit(event::COMMAND));
        ascii | command | event::bit(event::QUIESCE)
    }

    pub(super) fn write_masks(&mut self, block: &mut Block) -> u16 {
        let length = usize::from(block.half(spec::masks::LENGTH));
        if length == 0 || length > spec::masks::LONGEST {
            return response::INVALID_MASK_LENGTH;
        }
        let place = |number: usize| spec::masks::FIRST + number * length;
        let Some(masks) = block.bytes().get(place(0)..place(2)) else {
            return response::TOO_SHORT;
        };
        if usize::from(block.length()) < place(4) {
            return response::TOO_SHORT;
        }
        let (receives, sends) = (mask(&masks[..length]), mask(&masks[length..]));
        self.state.receives = receives;
        self.state.sends = sends;
        block.clear_from(place(2));
        for (number, events) in [(2, self.taken()), (3, self.given())] {
            let bytes = events.to_be_bytes();
            block.put(place(number), &bytes[..length.min(bytes.len())]);
        }
        response::DONE
    }

    fn takes(&self, kind: u8) -> bool {
        self.state.receives & self.given() & event::bit(kind) != 0
    }

    /// Whether there is something that the program takes.
    pub(super) fn events_wait(&self) -> bool {
        [event::QUIESCE, event::ASCII, event::COMMAND].into_iter().any(|kind| self.waits(kind))
    }

    fn waits(&self, kind: u8) -> bool {
        self.takes(kind)
            && match kind {
                event::QUIESCE => self.state.quiesce,
                event::ASCII => !self.state.typed.is_empty(),
                // Where the program takes both, the ASCII console has the keyboard.
                event::COMMAND => !self.takes(event::ASCII) && self.line().is_some(),
                _ => false,
            }
    }

    /// Characters before the end of the first line that was typed.
    fn line(&self) -> Option<usize> {
        self.state.typed.iter().position(|byte| matches!(byte, b'\r' | b'\n'))
    }

    pub(super) fn read_events(&mut self, block: &mut Block) -> u16 {
        let wanted = match block.function() {
            spec::read::ALL => self.state.receives,
            spec::read::SELECTED => {
                mask(block.bytes().get(spec::HEADER + event::HEADER..).unwrap_or_default())
            }
            _ => return response::INVALID_FUNCTION,
        };
        if wanted & !self.state.receives != 0 {
            return response::INVALID_SELECTION;
        }
        if self.state.receives == 0 {
            return response::SUPPRESSED;
        }
        let room = usize::from(block.length()) - spec::HEADER;
        let mut events = Vec::new();
        for kind in [event::QUIESCE, event::ASCII, event::COMMAND] {
            if wanted & event::bit(kind) != 0 && self.waits(kind) {
                self.take_event(kind, room - events.len(), &mut events);
            }
        }
        if events.is_empty() {
            return response::NO_EVENTS;
        }
        block.put(spec::HEADER, &events);
        block.shorten(spec::HEADER + events.len());
        response::DONE
    }

    /// Appends an event that waits, if there is room for it.
    fn take_event(&mut self, kind: u8, room: usize, to: &mut Vec<u8>) {
        let Some(room) = room.checked_sub(event::HEADER).filter(|room| *room > 0) else { return };
        let body = match kind {
            event::QUIESCE if room >= quiesce::LEN => {
                self.state.quiesce = false;
                let mut body = quiesce::NO_TIMEOUT.to_be_bytes().to_vec();
                body.resize(quiesce::LEN, 0);
                body
            }
            event::ASCII => {
                // The first byte says what follows: data of the console.
                let count = self.state.typed.len().min(room - 1);
                std::iter::once(0).chain(self.state.typed.drain(..count)).collect()
            }
            event::COMMAND => match self.take_command(room) {
                Some(body) => body,
                None => return,
            },
            _ => return,
        };
        to.extend(((event::HEADER + body.len()) as u16).to_be_bytes());
        to.extend([kind, 0, 0, 0]);
        to.extend(body);
    }

    /// The first line, as a command. What is too long for one is cut off.
    fn take_command(&mut self, room: usize) -> Option<Vec<u8>> {
        let longest = room.checked_sub(command::HEADERS)?.min(command::LONGEST);
        let line = self.line()?;
        let typed = self.state.typed.drain(..=line);
        let text: Vec<u8> = typed.take(line.min(longest)).map(ebcdic::from_latin).collect();
        let mut body = Vec::with_capacity(command::HEADERS + text.len());
        let whole = command::HEADERS + text.len();
        let units = [command::MESSAGE_UNIT, command::CONTROL_POINT, command::TEXT_COMMAND];
        for (depth, unit) in units.into_iter().enumerate() {
            body.extend(((whole - depth * command::VECTOR) as u16).to_be_bytes());
            body.extend(unit.to_be_bytes());
        }
        body.extend([(2 * command::SUBVECTOR + text.len()) as u8, command::SELF_DEFINING]);
        body.extend([(command::SUBVECTOR + text.len()) as u8, command::TEXT]);
        body.extend(text);
        Some(body)
    }

    pub(super) fn write_events(&mut self, cx: &mut DeviceCx<'_>, block: &mut Block) -> u16 {
        let end = usize::from(block.length());
        let mut at = spec::HEADER;
        while at < end {
            let rest = block.bytes().get(at..end).unwrap_or_default();
            let Some((buffer, _)) = split(rest, event::HEADER) else {
                return response::INCONSISTENT_LENGTHS;
            };
            let (kind, length) = (buffer[event::TYPE], buffer.len());
            let bit = if (1..=32).contains(&kind) { event::bit(kind) } else { 0 };
            if bit & self.taken() & self.state.sends == 0 {
                return response::SUPPRESSED;
            }
            let accepted = match kind {
                event::ASCII => {
                    let text = buffer[event::HEADER..].to_vec();
                    let port = self.config.ascii_port.unwrap_or_default();
                    text.iter().for_each(|byte| cx.bp.console_out(port, *byte));
                    true
                }
                event::MESSAGE => match lines(&buffer[event::HEADER..]) {
                    Some(lines) => {
                        self.show(cx, &lines);
                        true
                    }
                    None => return response::SYNTAX,
                },
                // The name of the control program: nobody here asks for it.
                _ => true,
            };
            if accepted {
                let flags = block.bytes()[at + event::FLAGS] | event::ACCEPTED;
                block.put(at + event::FLAGS, &[flags]);
            }
            at += length;
        }
        response::DONE
    }

    /// Shows lines to the operator.
    fn show(&self, cx: &mut DeviceCx<'_>, lines: &[Vec<u8>]) {
        let port = self.config.operator_port.unwrap_or_default();
        for line in lines {
            for byte in line.iter().chain(b"\n") {
                cx.bp.console_out(port, *byte);
            }
        }
    }
}

/// The lines of text in a message data block.
fn lines(block: &[u8]) -> Option<Vec<Vec<u8>>> {
    let (block, _) = split(block, message::BLOCK_HEADER)?;
    let mut rest = &block[message::BLOCK_HEADER..];
    let mut lines = Vec::new();
    while !rest.is_empty() {
        let (object, after) = split(rest, message::OBJECT_HEADER)?;
        if half(object, 2)? == usize::from(message::TEXT) {
            let text = object.get(message::TEXT_AT..)?;
            let visible = |code: &u8| match ebcdic::to_latin(*code) {
                control @ (0..0x20 | 0x7f..0xa0) if control != b'\t' => b'.',
                character => character,
            };
            lines.push(text.iter().map(visible).collect());
        }
        rest = after;
    }
    Some(lines)
}
