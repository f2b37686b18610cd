//! CHANNEL SUBSYSTEM CALL: what the channel subsystem is, in blocks of 4 KiB.
//!
//! There is one path, to devices that do not exist, and no optional facility. The answers say so.

use super::spec::{self, chsc};

/// Executes the request in a block, and replaces what follows it by the answer. `None` when the request's length is none
/// that a request can have, which is an operand exception.
pub(super) fn call(block: &mut [u8; chsc::BLOCK]) -> Option<()> {
    let length = usize::from(u16::from_be_bytes([block[0], block[1]]));
    if !length.is_multiple_of(8) || !(16..=chsc::BLOCK - chsc::HEADER).contains(&length) {
        return None;
    }
    let (request, answer) = block.split_at_mut(length);
    let (size, code) = match u16::from_be_bytes([request[2], request[3]]) {
        chsc::PATH_DESCRIPTION => paths(request, answer),
        chsc::CHARACTERISTICS => characteristics(request, answer),
        // There is nothing that could be reported, ever.
        chsc::EVENT_INFORMATION => (chsc::HEADER, chsc::NO_EVENT),
        // No attribute that could be set is installed.
        chsc::DOMAIN_ATTRIBUTE => (chsc::HEADER, chsc::INVALID_FIELD),
        _ => (chsc::HEADER, chsc::INVALID_COMMAND),
    };
    answer[..2].copy_from_slice(&(size as u16).to_be_bytes());
    answer[2..4].copy_from_slice(&code.to_be_bytes());
    answer[4..8].fill(0);
    Some(())
}

/// Store channel-path description: the length of the answer, and its code.
fn paths(request: &[u8], answer: &mut [u8]) -> (usize, u16) {
    // Bytes 4 and 5 have the format in their low bits; 7 and 11 are the first and the last path.
    let (rfmt, first, last) = (request[5] & 0x0f, request[7], request[11]);
    if request[4] & 0x0f != 0 || rfmt > 1 || request[5] & 0xf0 != 0 {
        return (chsc::HEADER, chsc::INVALID_FORMAT);
    }
    if first > last {
        return (chsc::HEADER, chsc::INVALID_FIELD);
    }
    let each = if rfmt == 0 { 8 } else { 32 };
    let known = (first..=last).contains(&spec::PATH);
    let size = chsc::HEADER + if known { each } else { 0 };
    let Some(body) = answer.get_mut(chsc::HEADER..size) else {
        return (chsc::HEADER, chsc::INVALID_FORMAT);
    };
    body.fill(0);
    if known {
        // Valid; the type; the path's number.
        body[..4].copy_from_slice(&[0x80, 0, spec::PATH_TYPE, spec::PATH]);
    }
    (size, chsc::DONE)
}

/// Store channel-subsystem characteristics: general ones and those of this instruction. None is there.
fn characteristics(request: &[u8], answer: &mut [u8]) -> (usize, u16) {
    if request[4..16].iter().any(|byte| *byte != 0) {
        return (chsc::HEADER, chsc::INVALID_FORMAT);
    }
    match answer.get_mut(chsc::HEADER..chsc::CHARACTERISTICS_LEN) {
        Some(body) => {
            body.fill(0);
            (chsc::CHARACTERISTICS_LEN, chsc::DONE)
        }
        None => (chsc::HEADER, chsc::INVALID_FORMAT),
    }
}
