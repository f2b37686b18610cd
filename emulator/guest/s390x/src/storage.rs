//! How helpers reach storage operands.
//!
//! An operand of a long instruction is accessed byte by byte, as far as anybody can tell: it may cross pages, overlap the other
//! operand, and fault in the middle. [`Span`] is an operand whose pages have been translated and checked before anything is
//! changed.

use lockstep_cpu::{Access, Cx, Exit};

use crate::sys::{Space, SpaceKind};
use crate::{S390x, Text, access_registers, psw, reg};

type Result<T> = std::result::Result<T, Exit<S390x>>;

const PAGE: u64 = 4096;

/// The bytes of an operand of at most a page's length: absolute addresses of its part before a page boundary and behind.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    first: u64,
    second: u64,
    split: u32,
}

/// Cuts an address to the addressing mode.
pub(crate) fn wrap(cx: &Cx<S390x>, address: u64) -> u64 {
    address & cx.cpu.regs[usize::from(reg::ADDRESS)]
}

/// The address of a base register field and a displacement.
pub(crate) fn base_address(cx: &Cx<S390x>, base: u8, displacement: u64) -> u64 {
    let base = if base == 0 { 0 } else { cx.cpu.regs[usize::from(base)] };
    wrap(cx, base.wrapping_add(displacement))
}

/// The address in a register.
pub(crate) fn address_in(cx: &Cx<S390x>, register: u8) -> u64 {
    wrap(cx, cx.cpu.regs[usize::from(register)])
}

/// Puts an address into a register, as instructions do that update one: in the short modes bits 0 to 31 stay.
pub(crate) fn put_address(cx: &mut Cx<S390x>, register: u8, address: u64) {
    let keep = cx.cpu.regs[usize::from(reg::KEEP)];
    let address = wrap(cx, address);
    let place = &mut cx.cpu.regs[usize::from(register)];
    *place = *place & keep | address;
}

/// A length or count in a register, of the addressing mode's width.
pub(crate) fn length_in(cx: &Cx<S390x>, register: u8) -> u64 {
    cx.cpu.regs[usize::from(register)] & !cx.cpu.regs[usize::from(reg::KEEP)]
}

/// Puts a length into a register.
pub(crate) fn put_length(cx: &mut Cx<S390x>, register: u8, length: u64) {
    let keep = cx.cpu.regs[usize::from(reg::KEEP)];
    let place = &mut cx.cpu.regs[usize::from(register)];
    *place = *place & keep | length & !keep;
}

/// Translates and checks an operand of `len` bytes, 1 to 4096.
pub(crate) fn span(cx: &mut Cx<S390x>, address: u64, len: u32, access: Access) -> Result<Span> {
    let address = wrap(cx, address);
    let first = cx.translate(address, access, false)?.address;
    let split = (PAGE - address % PAGE).min(len.into()) as u32;
    let second = if split < len {
        let next = wrap(cx, address.wrapping_add(split.into()));
        cx.translate(next, access, false)?.address
    } else {
        first
    };
    if cx.cpu.watched {
        crate::per::note_store(cx, address, len.into(), access);
    }
    Ok(Span { first, second, split })
}

impl Span {
    /// The absolute address of a byte.
    fn at(&self, place: u32) -> u64 {
        if place < self.split {
            self.first + u64::from(place)
        } else {
            self.second + u64::from(place - self.split)
        }
    }

    /// A byte.
    pub(crate) fn byte(&self, cx: &Cx<S390x>, place: u32) -> u8 {
        cx.mem.read::<1>(self.at(place)).map_or(0, |[byte]| byte)
    }

    /// Stores a byte.
    pub(crate) fn set_byte(&self, cx: &mut Cx<S390x>, place: u32, byte: u8) {
        let _ = cx.mem.write_bytes(self.at(place), &[byte]);
        notice_code(cx);
    }

    /// All bytes, or the first ones.
    pub(crate) fn read(&self, cx: &Cx<S390x>, into: &mut [u8]) {
        let split = (self.split as usize).min(into.len());
        let (first, second) = into.split_at_mut(split);
        let _ = cx.mem.read_bytes(self.first, first);
        let _ = cx.mem.read_bytes(self.second, second);
    }

    /// Stores all bytes, or the first ones.
    pub(crate) fn write(&self, cx: &mut Cx<S390x>, bytes: &[u8]) {
        let (first, second) = bytes.split_at((self.split as usize).min(bytes.len()));
        let _ = cx.mem.write_bytes(self.first, first);
        if !second.is_empty() {
            let _ = cx.mem.write_bytes(self.second, second);
        }
        notice_code(cx);
    }

    /// Stores bytes from a place on.
    pub(crate) fn write_at(&self, cx: &mut Cx<S390x>, place: u32, bytes: &[u8]) {
        for (at, byte) in (place..).zip(bytes) {
            let _ = cx.mem.write_bytes(self.at(at), &[*byte]);
        }
        notice_code(cx);
    }

    /// Whether the first bytes of two operands share storage, without being the same.
    pub(crate) fn overlaps(&self, other: &Self, len: u32) -> bool {
        let parts = |span: &Self| {
            let split = span.split.min(len);
            [(span.first, u64::from(split)), (span.second, u64::from(len - split))]
        };
        let meet = |(a, a_len): (u64, u64), (b, b_len): (u64, u64)| {
            a_len > 0 && b_len > 0 && a < b + b_len && b < a + a_len
        };
        let same =
            self.first == other.first && self.second == other.second && self.split == other.split;
        !same && parts(self).into_iter().any(|a| parts(other).into_iter().any(|b| meet(a, b)))
    }
}

/// Makes the engine drop what it decoded from bytes that were stored.
pub(crate) fn notice_code(cx: &mut Cx<S390x>) {
    if cx.mem.has_code_writes() {
        cx.look_up();
    }
}

/// The first operand of an instruction of the SS, SSE or SSF format is accessed next: by the base register in its fifth half-byte.
pub(crate) fn first(cx: &mut Cx<S390x>, text: u64) {
    access_registers::operand(cx, Text(text).nibble(4));
}

/// The second one: by the base register in its ninth half-byte.
pub(crate) fn second(cx: &mut Cx<S390x>, text: u64) {
    access_registers::operand(cx, Text(text).nibble(8));
}

/// Translates and checks the first operand.
pub(crate) fn first_span(
    cx: &mut Cx<S390x>,
    [address, _, text]: [u64; 3],
    len: u32,
    access: Access,
) -> Result<Span> {
    first(cx, text);
    span(cx, address, len, access)
}

/// Translates and checks the second operand.
pub(crate) fn second_span(
    cx: &mut Cx<S390x>,
    [_, address, text]: [u64; 3],
    len: u32,
    access: Access,
) -> Result<Span> {
    second(cx, text);
    span(cx, address, len, access)
}

/// Translates and checks an operand whose address is in a register.
pub(crate) fn span_of(
    cx: &mut Cx<S390x>,
    (register, address): (u8, u64),
    len: u32,
    access: Access,
) -> Result<Span> {
    access_registers::operand(cx, register);
    span(cx, address, len, access)
}

/// Fetches an operand whose address is in a register.
pub(crate) fn fetch_of(cx: &mut Cx<S390x>, at: (u8, u64), into: &mut [u8]) -> Result<()> {
    span_of(cx, at, into.len() as u32, Access::Read)?.read(cx, into);
    Ok(())
}

/// Stores an operand whose address is in a register, all of it or nothing.
pub(crate) fn store_of(cx: &mut Cx<S390x>, at: (u8, u64), bytes: &[u8]) -> Result<()> {
    span_of(cx, at, bytes.len() as u32, Access::Write)?.write(cx, bytes);
    Ok(())
}

/// Fetches an operand.
pub(crate) fn fetch(cx: &mut Cx<S390x>, address: u64, into: &mut [u8]) -> Result<()> {
    span(cx, address, into.len() as u32, Access::Read)?.read(cx, into);
    Ok(())
}

/// Stores an operand, all of it or nothing.
pub(crate) fn store(cx: &mut Cx<S390x>, address: u64, bytes: &[u8]) -> Result<()> {
    span(cx, address, bytes.len() as u32, Access::Write)?.write(cx, bytes);
    Ok(())
}

/// Does something with data accesses going to another address space, or by another key.
pub(crate) fn within<T>(
    cx: &mut Cx<S390x>,
    space: Space,
    act: impl FnOnce(&mut Cx<S390x>) -> T,
) -> T {
    psw::go_to(&mut cx.cpu, space);
    let result = act(cx);
    psw::derive(&mut cx.cpu);
    access_registers::choose(cx);
    result
}

/// Does something with data accesses going to another address space at addresses of 64 bits, whatever the addressing mode: for what
/// the processor accesses on its own behalf (linkage stack, control tables, trace). Real storage is not watched by PER.
pub(crate) fn within_long<T>(
    cx: &mut Cx<S390x>,
    space: Space,
    act: impl FnOnce(&mut Cx<S390x>) -> T,
) -> T {
    let mask = cx.cpu.sys.mask;
    cx.cpu.sys.mask = mask | psw::EA | psw::BA;
    psw::derive(&mut cx.cpu);
    psw::go_to(&mut cx.cpu, space);
    cx.cpu.watched &= space.kind != SpaceKind::Real;
    let result = act(cx);
    cx.cpu.sys.mask = mask;
    psw::derive(&mut cx.cpu);
    access_registers::choose(cx);
    result
}

/// Translates and checks an operand in real storage that is accessed whatever the key.
pub(crate) fn real_span(cx: &mut Cx<S390x>, real: u64, len: u32, access: Access) -> Result<Span> {
    let space = Space { designation: 0, kind: SpaceKind::Real, key: 0 };
    within_long(cx, space, |cx| span(cx, real, len, access))
}
