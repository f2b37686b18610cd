//! Sorting and merging: COMPARE AND FORM CODEWORD and UPDATE TREE (Principles of Operation, chapter 7).
//!
//! Both work on words in the short addressing modes and on doublewords in 64-bit mode; the left halves of registers stay in the short
//! ones. A codeword has an index in its left quarter (half, in the short modes), and the data behind that index; trees are sorted by it.

use lockstep_cpu::{Access, Cx, Exit};

use crate::exceptions::{code, program};
use crate::long::{again, set_cc};
use crate::storage::{self, span_of};
use crate::{S390x, psw};

type Helped = Result<u64, Exit<S390x>>;

/// Units that a step of COMPARE AND FORM CODEWORD compares at most; then interruptions may come.
const UNITS: u32 = 256;

/// What the addressing mode decides: how wide registers and units are.
#[derive(Clone, Copy)]
struct Width {
    /// Bits of a register that take part.
    bits: u32,
}

impl Width {
    fn of(cx: &Cx<S390x>) -> Self {
        Self { bits: if cx.cpu.sys.mask & psw::EA != 0 { 64 } else { 32 } }
    }

    const fn mask(self) -> u64 {
        u64::MAX >> (64 - self.bits)
    }

    const fn high_bit(self) -> u64 {
        1 << (self.bits - 1)
    }

    /// Bytes that codewords have beside the index, which are those of a unit.
    const fn unit(self) -> u64 {
        self.bits as u64 / 8 - 2
    }

    fn get(self, cx: &Cx<S390x>, register: usize) -> u64 {
        cx.cpu.regs[register] & self.mask()
    }

    fn put(self, cx: &mut Cx<S390x>, register: usize, value: u64) {
        let old = &mut cx.cpu.regs[register];
        *old = *old & !self.mask() | value & self.mask();
    }
}

/// COMPARE AND FORM CODEWORD: of the operands that registers 1 and 3 address, from the index in register 2 on. The second-operand
/// address is not one: it has the last index, and in its last bit which operand the codeword is formed from.
pub(crate) fn compare_form_codeword(cx: &mut Cx<S390x>, [_, limit, _]: [u64; 3]) -> Helped {
    if [1, 2, 3].iter().any(|&number: &usize| cx.cpu.regs[number] & 1 != 0) {
        return Err(program(code::SPECIFICATION));
    }
    let width = Width::of(cx);
    for _ in 0..UNITS {
        let index = cx.cpu.regs[2] & 0xffff;
        if index > limit & 0x7ffe {
            let last = width.get(cx, 3) | width.high_bit();
            width.put(cx, 2, last);
            set_cc(cx, 0);
            return Ok(0);
        }
        let (first, third) = (unit(cx, 1, index, width)?, unit(cx, 3, index, width)?);
        cx.cpu.regs[2] = cx.cpu.regs[2] & !0xffff | (index + width.unit());
        if first != third {
            form(cx, width, first, third, limit & 1 != 0);
            return Ok(0);
        }
    }
    again(cx);
    Ok(0)
}

/// A unit of an operand. Access register 1 names the space of both.
fn unit(cx: &mut Cx<S390x>, base: u8, index: u64, width: Width) -> Result<u64, Exit<S390x>> {
    let at = storage::wrap(cx, cx.cpu.regs[usize::from(base)].wrapping_add(index));
    let len = width.unit() as usize;
    let mut bytes = [0; 8];
    span_of(cx, (1, at), len as u32, Access::Read)?.read(cx, &mut bytes[8 - len..]);
    Ok(u64::from_be_bytes(bytes))
}

/// Forms the codeword of operands that differ: of the high one, inverted, or of the low one as it is.
fn form(cx: &mut Cx<S390x>, width: Width, first: u64, third: u64, of_low: bool) {
    let data = if of_low { first.min(third) } else { !first.max(third) };
    let place = 8 * width.unit();
    let codeword = (cx.cpu.regs[2] & 0xffff) << place | data & ((1 << place) - 1);
    width.put(cx, 2, codeword);
    let in_sequence = (first < third) != of_low;
    if !in_sequence {
        let (one, three) = (width.get(cx, 1), width.get(cx, 3));
        width.put(cx, 1, three);
        width.put(cx, 3, one);
    }
    set_cc(cx, if in_sequence { 1 } else { 2 });
}

/// UPDATE TREE: from the node whose index is in register 5 up to the root of the tree that register 4 addresses. Of each pair on the
/// way and that in registers 0 and 1, the one with the lower codeword stays.
pub(crate) fn update_tree(cx: &mut Cx<S390x>, _args: [u64; 3]) -> Helped {
    let width = Width::of(cx);
    let node = u64::from(width.bits / 4);
    if (cx.cpu.regs[4] | cx.cpu.regs[5]) & (node - 1) != 0 {
        return Err(program(code::SPECIFICATION));
    }
    // An index is halved each time, so there are fewer than 64 nodes.
    loop {
        let index = (width.get(cx, 5) >> 1) & !(node - 1);
        let codeword = width.get(cx, 0);
        if index == 0 || codeword & width.high_bit() != 0 {
            width.put(cx, 5, index);
            set_cc(cx, if index == 0 { 1 } else { 3 });
            return Ok(0);
        }
        let at = storage::wrap(cx, cx.cpu.regs[4].wrapping_add(index));
        let there = pair(cx, at, width)?;
        if there[0] > codeword {
            let ours = [codeword, width.get(cx, 1)];
            put_pair(cx, at, width, ours)?;
            width.put(cx, 0, there[0]);
            width.put(cx, 1, there[1]);
        }
        width.put(cx, 5, index);
        if there[0] == codeword {
            width.put(cx, 2, there[0]);
            width.put(cx, 3, there[1]);
            set_cc(cx, 0);
            return Ok(0);
        }
    }
}

/// A node of a tree, which access register 4 names the space of.
fn pair(cx: &mut Cx<S390x>, at: u64, width: Width) -> Result<[u64; 2], Exit<S390x>> {
    let half = width.bits as usize / 8;
    let mut bytes = [0; 16];
    span_of(cx, (4, at), 2 * half as u32, Access::Read)?.read(cx, &mut bytes[..2 * half]);
    let value = |bytes: &[u8]| bytes.iter().fold(0, |v, byte| v << 8 | u64::from(*byte));
    Ok([value(&bytes[..half]), value(&bytes[half..2 * half])])
}

fn put_pair(
    cx: &mut Cx<S390x>,
    at: u64,
    width: Width,
    values: [u64; 2],
) -> Result<(), Exit<S390x>> {
    let half = width.bits as usize / 8;
    let bytes: Vec<u8> =
        values.iter().flat_map(|value| value.to_be_bytes().into_iter().skip(8 - half)).collect();
    span_of(cx, (4, at), 2 * half as u32, Access::Write)?.write(cx, &bytes);
    Ok(())
}
