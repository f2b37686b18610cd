//! Loads and stores of vector and floating-point registers.
//!
//! Addresses come from the same modes as those of general registers. A register of 16 bytes is moved as two
//! doublewords; structures, which scatter lanes over several registers, are helpers.

use lockstep_cpu::{Access, Cx, Emit, Exit, Guest, Mem, Size, Width};

use crate::decode::Word;
use crate::memory_ops::{Mode, base};
use crate::vector::{check, lane, set_lane};
use crate::{Aarch64, Insn, reg};

const W64: Width = Width::W64;
const DOUBLEWORD: Mem = Mem::plain(Size::B8);

const fn access(bytes: u64) -> Mem {
    Mem::plain(match bytes {
        1 => Size::B1,
        2 => Size::B2,
        4 => Size::B4,
        _ => Size::B8,
    })
}

/// Sixteen bytes are one access, which insists on alignment where any does, and the two halves that we make do not see
/// that it is misaligned.
fn check_quadword(
    cx: &mut Cx<Aarch64>,
    [address, writes, _]: [u64; 3],
) -> Result<u64, Exit<Aarch64>> {
    let access = if writes == 1 { Access::Write } else { Access::Read };
    let user = cx.cpu.mmu.mode == 0;
    if cx.cpu.mmu.align || cx.translate(address, access, user)?.device {
        return Err(Exit::Exception(Aarch64::misaligned(cx, address, access)));
    }
    Ok(0)
}

#[inline(always)]
fn check_alignment<E: Emit<Aarch64>, const BYTES: u64>(
    e: &mut E,
    address: E::V,
    writes: bool,
) -> Result<(), E::Exit> {
    if BYTES < 16 {
        return Ok(());
    }
    let low = e.imm(15);
    let low = e.and(W64, address, low);
    e.when(low, |e| {
        let args = [address, e.imm(writes.into()), e.imm(0)];
        e.call(check_quadword, args).map(drop)
    })
}

/// The halves of what is at an address.
#[inline(always)]
fn load_halves<E: Emit<Aarch64>, const BYTES: u64>(
    e: &mut E,
    address: E::V,
) -> Result<[E::V; 2], E::Exit> {
    check_alignment::<E, BYTES>(e, address, false)?;
    let low = e.load(address, access(BYTES))?;
    if BYTES < 16 {
        return Ok([low, e.imm(0)]);
    }
    let next = e.add_imm(W64, address, 8);
    Ok([low, e.load(next, DOUBLEWORD)?])
}

#[inline(always)]
fn put<E: Emit<Aarch64>>(e: &mut E, register: u8, [low, high]: [E::V; 2]) {
    e.vput(register, 0, low);
    e.vput(register, 1, high);
}

#[inline(always)]
fn store_halves<E: Emit<Aarch64>, const BYTES: u64>(
    e: &mut E,
    address: E::V,
    register: u8,
) -> Result<(), E::Exit> {
    check_alignment::<E, BYTES>(e, address, true)?;
    let low = e.vget(register, 0);
    e.store(address, low, access(BYTES))?;
    if BYTES == 16 {
        let (next, high) = (e.add_imm(W64, address, 8), e.vget(register, 1));
        e.store(next, high, DOUBLEWORD)?;
    }
    Ok(())
}

/// LDR and LDUR.
pub(crate) fn load<E: Emit<Aarch64>, M: Mode, const BYTES: u64>(
    e: &mut E,
    i: &Insn,
) -> Result<(), E::Exit> {
    check(e)?;
    let address = M::address(e, i)?;
    let value = load_halves::<E, BYTES>(e, address)?;
    put(e, i.rd, value);
    M::finish(e, i, address);
    Ok(())
}

/// STR and STUR.
pub(crate) fn store<E: Emit<Aarch64>, M: Mode, const BYTES: u64>(
    e: &mut E,
    i: &Insn,
) -> Result<(), E::Exit> {
    check(e)?;
    let address = M::address(e, i)?;
    store_halves::<E, BYTES>(e, address, i.rd)?;
    M::finish(e, i, address);
    Ok(())
}

/// LDP and LDNP.
pub(crate) fn load_pair<E: Emit<Aarch64>, M: Mode, const BYTES: u64>(
    e: &mut E,
    i: &Insn,
) -> Result<(), E::Exit> {
    check(e)?;
    let address = M::address(e, i)?;
    let first = load_halves::<E, BYTES>(e, address)?;
    let next = e.add_imm(W64, address, BYTES as i64);
    let second = load_halves::<E, BYTES>(e, next)?;
    put(e, i.rd, first);
    put(e, i.ra, second);
    M::finish(e, i, address);
    Ok(())
}

/// STP and STNP.
pub(crate) fn store_pair<E: Emit<Aarch64>, M: Mode, const BYTES: u64>(
    e: &mut E,
    i: &Insn,
) -> Result<(), E::Exit> {
    check(e)?;
    let address = M::address(e, i)?;
    store_halves::<E, BYTES>(e, address, i.rd)?;
    let next = e.add_imm(W64, address, BYTES as i64);
    store_halves::<E, BYTES>(e, next, i.ra)?;
    M::finish(e, i, address);
    Ok(())
}

/// What a structure instruction moves.
pub(crate) struct Structures {
    /// Registers in a row.
    pub(crate) registers: u32,
    /// Elements of a structure: consecutive in memory, in different registers.
    pub(crate) elements: u32,
    /// Log2 of the bytes of an element.
    pub(crate) log2: u32,
    /// Registers of 16 bytes.
    pub(crate) full: bool,
}

impl Structures {
    /// Of LD1 to LD4 and ST1 to ST4 (multiple structures).
    pub(crate) fn multiple(w: Word) -> Self {
        let (registers, elements) = match w.bits(12, 4) {
            0b0000 => (4, 4),
            0b0010 => (4, 1),
            0b0100 => (3, 3),
            0b0110 => (3, 1),
            0b0111 => (1, 1),
            0b1000 => (2, 2),
            _ => (2, 1),
        };
        Self { registers, elements, log2: w.bits(10, 2), full: w.bit(30) }
    }

    /// Of the forms for one lane, and for all lanes alike.
    pub(crate) fn single(w: Word) -> Self {
        let elements = (w.bits(13, 1) << 1 | w.bits(21, 1)) + 1;
        let log2 = match w.bits(14, 2) {
            0b00 => 0,
            0b01 => 1,
            0b10 => 2 + (w.bits(10, 1)),
            _ => w.bits(10, 2),
        };
        Self { registers: elements, elements, log2, full: w.bit(30) }
    }

    fn lanes(&self) -> u32 {
        if self.full { 16 >> self.log2 } else { 8 >> self.log2 }
    }

    /// Bytes in memory of the multiple form.
    fn bytes(&self) -> u64 {
        u64::from(self.registers) * if self.full { 16 } else { 8 }
    }

    /// The register and lane of each element, in the order of memory.
    fn places(&self, first: u32) -> impl Iterator<Item = (usize, u32)> {
        let (elements, lanes) = (self.elements, self.lanes());
        let groups = self.registers / elements;
        (0..groups).flat_map(move |group| {
            (0..lanes).flat_map(move |lane| {
                (0..elements).map(move |k| (((first + group + k) % 32) as usize, lane))
            })
        })
    }
}

/// The lane that a single structure is in (section C4.1.96, "Advanced SIMD load/store single structure").
pub(crate) fn lane_index(w: Word) -> u32 {
    let all = w.bits(30, 1) << 3 | w.bits(12, 1) << 2 | w.bits(10, 2);
    all >> Structures::single(w).log2
}

type Outcome = Result<u64, Exit<Aarch64>>;

/// Loads structures into registers, which change when all accesses have succeeded. `args` are the encoding and the address.
fn load_multiple(cx: &mut Cx<Aarch64>, [word, mut address, _]: [u64; 3]) -> Outcome {
    let w = Word(word as u32);
    let s = Structures::multiple(w);
    let mut new = [0; 4];
    let first = w.bits(0, 5);
    for (register, number) in s.places(first) {
        let value = cx.load(address, access(1 << s.log2))?;
        let k = (register + 32 - first as usize) % 32;
        set_lane(&mut new[k % 4], s.log2, number, value);
        address = address.wrapping_add(1 << s.log2);
    }
    for k in 0..s.registers {
        cx.cpu.vregs[((first + k) % 32) as usize] = new[k as usize % 4];
    }
    Ok(0)
}

fn store_multiple(cx: &mut Cx<Aarch64>, [word, mut address, _]: [u64; 3]) -> Outcome {
    let w = Word(word as u32);
    let s = Structures::multiple(w);
    for (register, number) in s.places(w.bits(0, 5)) {
        let value = lane(cx.cpu.vregs[register], s.log2, number);
        cx.store(address, value, access(1 << s.log2))?;
        address = address.wrapping_add(1 << s.log2);
    }
    Ok(0)
}

/// Loads one structure: into a lane, or (with `args[2]`) into all lanes.
fn load_single(cx: &mut Cx<Aarch64>, [word, address, replicate]: [u64; 3]) -> Outcome {
    let w = Word(word as u32);
    let s = Structures::single(w);
    let mut values = [0; 4];
    for k in 0..s.elements {
        let place = address.wrapping_add(u64::from(k) << s.log2);
        values[k as usize % 4] = cx.load(place, access(1 << s.log2))?;
    }
    for k in 0..s.elements {
        let (register, value) = ((w.bits(0, 5) + k) % 32, values[k as usize % 4]);
        let register = &mut cx.cpu.vregs[register as usize];
        if replicate == 1 {
            *register = 0;
            (0..s.lanes()).for_each(|number| set_lane(register, s.log2, number, value));
        } else {
            set_lane(register, s.log2, lane_index(w), value);
        }
    }
    Ok(0)
}

fn store_single(cx: &mut Cx<Aarch64>, [word, address, _]: [u64; 3]) -> Outcome {
    let w = Word(word as u32);
    let s = Structures::single(w);
    for k in 0..s.elements {
        let register = (w.bits(0, 5) + k) % 32;
        let value = lane(cx.cpu.vregs[register as usize], s.log2, lane_index(w));
        let place = address.wrapping_add(u64::from(k) << s.log2);
        cx.store(place, value, access(1 << s.log2))?;
    }
    Ok(0)
}

/// Runs the helper at the base, to which then the bytes moved are added, or a register.
#[inline(always)]
fn structures<E: Emit<Aarch64>, const POST: bool>(
    e: &mut E,
    i: &Insn,
    helper: lockstep_cpu::Helper<Aarch64>,
    (bytes, all_lanes): (u64, bool),
) -> Result<(), E::Exit> {
    check(e)?;
    let address = base(e, i.rn)?;
    let args = [e.imm(u64::from(i.imm as u32)), address, e.imm(all_lanes.into())];
    e.call(helper, args)?;
    if POST {
        let step = if i.rm == reg::ZR { e.imm(bytes) } else { e.get(i.rm) };
        let next = e.add(W64, address, step);
        e.put(i.rn, next);
    }
    Ok(())
}

fn multiple_bytes(i: &Insn) -> u64 {
    Structures::multiple(Word(i.imm as u32)).bytes()
}

fn single_bytes(i: &Insn) -> u64 {
    let s = Structures::single(Word(i.imm as u32));
    u64::from(s.elements) << s.log2
}

/// LD1 to LD4 of whole registers.
pub(crate) fn load_structures<E: Emit<Aarch64>, const POST: bool>(
    e: &mut E,
    i: &Insn,
) -> Result<(), E::Exit> {
    structures::<E, POST>(e, i, load_multiple, (multiple_bytes(i), false))
}

/// ST1 to ST4 of whole registers.
pub(crate) fn store_structures<E: Emit<Aarch64>, const POST: bool>(
    e: &mut E,
    i: &Insn,
) -> Result<(), E::Exit> {
    structures::<E, POST>(e, i, store_multiple, (multiple_bytes(i), false))
}

/// LD1 to LD4 of one lane.
pub(crate) fn load_lane<E: Emit<Aarch64>, const POST: bool>(
    e: &mut E,
    i: &Insn,
) -> Result<(), E::Exit> {
    structures::<E, POST>(e, i, load_single, (single_bytes(i), false))
}

/// LD1R to LD4R.
pub(crate) fn load_replicated<E: Emit<Aarch64>, const POST: bool>(
    e: &mut E,
    i: &Insn,
) -> Result<(), E::Exit> {
    structures::<E, POST>(e, i, load_single, (single_bytes(i), true))
}

/// ST1 to ST4 of one lane.
pub(crate) fn store_lane<E: Emit<Aarch64>, const POST: bool>(
    e: &mut E,
    i: &Insn,
) -> Result<(), E::Exit> {
    structures::<E, POST>(e, i, store_single, (single_bytes(i), false))
}
