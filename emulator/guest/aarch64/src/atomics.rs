//! Exclusives, ordered accesses and atomic updates.
//!
//! One vCPU runs at a time and only between instructions does another take over, so an instruction is atomic and in
//! order by itself. What remains is the exclusive monitor, which a load arms, a store to the same place uses up, and
//! a switch to another vCPU clears; and alignment, on which all of these accesses insist (section B2.9).

use lockstep_cpu::{Access, Cx, Emit, Exit, Guest, Size, Width};

use crate::memory_ops::base;
use crate::ops::{Add, Datum, Eor, U64};
use crate::{Aarch64, Insn, reg};

const W64: Width = Width::W64;

/// Raises the fault of a misaligned access.
fn misaligned(cx: &mut Cx<Aarch64>, [address, writes, _]: [u64; 3]) -> Result<u64, Exit<Aarch64>> {
    let access = if writes == 0 { Access::Read } else { Access::Write };
    Err(Exit::Exception(Aarch64::misaligned(cx, address, access)))
}

/// Insists that the address is a multiple of `bytes`, before anything else can fault.
#[inline(always)]
fn insist_on_alignment<E: Emit<Aarch64>>(
    e: &mut E,
    address: E::V,
    bytes: u64,
    access: Access,
) -> Result<(), E::Exit> {
    let low = e.imm(bytes - 1);
    let low = e.and(W64, address, low);
    e.when(low, |e| {
        let args = [address, e.imm(u64::from(access.writes())), e.imm(0)];
        e.call(misaligned, args).map(|_| ())
    })
}

#[inline(always)]
fn arm_monitor<E: Emit<Aarch64>>(e: &mut E, address: E::V, bytes: u64) {
    let (armed, bytes) = (e.imm(1), e.imm(bytes));
    e.put(reg::MONITOR, armed);
    e.put(reg::MONITOR_ADDRESS, address);
    e.put(reg::MONITOR_SIZE, bytes);
}

/// Stores when the monitor is armed for this address and size; disarms it; puts the status.
#[inline(always)]
fn store_if_armed<E: Emit<Aarch64>>(
    e: &mut E,
    i: &Insn,
    (address, bytes): (E::V, u64),
    store: impl FnOnce(&mut E) -> Result<(), E::Exit>,
) -> Result<(), E::Exit> {
    insist_on_alignment(e, address, bytes, Access::Write)?;
    let (armed, at) = (e.get(reg::MONITOR), e.get(reg::MONITOR_ADDRESS));
    let (size, bytes) = (e.get(reg::MONITOR_SIZE), e.imm(bytes));
    let same_place = e.eq(W64, at, address);
    let same_size = e.eq(W64, size, bytes);
    let pass = e.and(W64, same_place, same_size);
    let pass = e.and(W64, pass, armed);
    e.when(pass, store)?;
    let (zero, one) = (e.imm(0), e.imm(1));
    let status = e.xor(W64, pass, one);
    e.put(reg::MONITOR, zero);
    e.put(i.rm, status);
    Ok(())
}

/// LDXR, LDAXR.
pub(crate) fn load_exclusive<E: Emit<Aarch64>, T: Datum>(
    e: &mut E,
    i: &Insn,
) -> Result<(), E::Exit> {
    let address = base(e, i.rn)?;
    let value = e.load(address, T::MEM.aligned())?;
    arm_monitor(e, address, T::SIZE.bytes());
    e.put(i.rd, value);
    Ok(())
}

/// STXR, STLXR.
pub(crate) fn store_exclusive<E: Emit<Aarch64>, T: Datum>(
    e: &mut E,
    i: &Insn,
) -> Result<(), E::Exit> {
    let address = base(e, i.rn)?;
    let value = e.get(i.rd);
    store_if_armed(e, i, (address, T::SIZE.bytes()), |e| e.store(address, value, T::MEM.aligned()))
}

/// The two words of a doubleword.
#[inline(always)]
fn halves<E: Emit<Aarch64>>(e: &mut E, both: E::V) -> (E::V, E::V) {
    let places = e.imm(32);
    (e.zext32(both), e.shr(W64, both, places))
}

/// A doubleword of two words.
#[inline(always)]
fn joined<E: Emit<Aarch64>>(e: &mut E, low: E::V, high: E::V) -> E::V {
    let places = e.imm(32);
    let high = e.shl(W64, high, places);
    let low = e.zext32(low);
    e.or(W64, low, high)
}

/// LDXP, LDAXP of words: one access of a doubleword.
pub(crate) fn load_exclusive_pair_w<E: Emit<Aarch64>>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    let address = base(e, i.rn)?;
    let both = e.load(address, U64::MEM.aligned())?;
    let (low, high) = halves(e, both);
    arm_monitor(e, address, 8);
    e.put(i.rd, low);
    e.put(i.ra, high);
    Ok(())
}

/// LDXP, LDAXP of doublewords.
pub(crate) fn load_exclusive_pair_x<E: Emit<Aarch64>>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    let address = base(e, i.rn)?;
    insist_on_alignment(e, address, 16, Access::Read)?;
    let low = e.load(address, U64::MEM.aligned())?;
    let next = e.add_imm(W64, address, 8);
    let high = e.load(next, U64::MEM.aligned())?;
    arm_monitor(e, address, 16);
    e.put(i.rd, low);
    e.put(i.ra, high);
    Ok(())
}

/// STXP, STLXP of words.
pub(crate) fn store_exclusive_pair_w<E: Emit<Aarch64>>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    let address = base(e, i.rn)?;
    let (low, high) = (e.get(i.rd), e.get(i.ra));
    let both = joined(e, low, high);
    store_if_armed(e, i, (address, 8), |e| e.store(address, both, U64::MEM.aligned()))
}

/// STXP, STLXP of doublewords.
pub(crate) fn store_exclusive_pair_x<E: Emit<Aarch64>>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    let address = base(e, i.rn)?;
    let (low, high) = (e.get(i.rd), e.get(i.ra));
    store_if_armed(e, i, (address, 16), |e| {
        e.store(address, low, U64::MEM.aligned())?;
        let next = e.add_imm(W64, address, 8);
        e.store(next, high, U64::MEM.aligned())
    })
}

/// LDAR.
pub(crate) fn load_acquire<E: Emit<Aarch64>, T: Datum>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    let address = base(e, i.rn)?;
    let value = e.load(address, T::MEM.aligned())?;
    e.put(i.rd, value);
    Ok(())
}

/// STLR.
pub(crate) fn store_release<E: Emit<Aarch64>, T: Datum>(
    e: &mut E,
    i: &Insn,
) -> Result<(), E::Exit> {
    let address = base(e, i.rn)?;
    let value = e.get(i.rd);
    e.store(address, value, T::MEM.aligned())
}

/// What an atomic update makes of the old value and its operand.
pub(crate) trait Update {
    /// The new value; only the bytes of the access matter.
    fn updated<E: Emit<Aarch64>, T: Datum>(e: &mut E, old: E::V, operand: E::V) -> E::V;
}

/// Bits cleared.
pub(crate) struct Clr;
/// Bits set.
pub(crate) struct Set;
/// Signed maximum.
pub(crate) struct Smax;
/// Signed minimum.
pub(crate) struct Smin;
/// Unsigned maximum.
pub(crate) struct Umax;
/// Unsigned minimum.
pub(crate) struct Umin;
/// Exchange.
pub(crate) struct Swp;

impl Update for Add {
    #[inline(always)]
    fn updated<E: Emit<Aarch64>, T: Datum>(e: &mut E, old: E::V, operand: E::V) -> E::V {
        e.add(W64, old, operand)
    }
}

impl Update for Clr {
    #[inline(always)]
    fn updated<E: Emit<Aarch64>, T: Datum>(e: &mut E, old: E::V, operand: E::V) -> E::V {
        let kept = e.not(W64, operand);
        e.and(W64, old, kept)
    }
}

impl Update for Eor {
    #[inline(always)]
    fn updated<E: Emit<Aarch64>, T: Datum>(e: &mut E, old: E::V, operand: E::V) -> E::V {
        e.xor(W64, old, operand)
    }
}

impl Update for Set {
    #[inline(always)]
    fn updated<E: Emit<Aarch64>, T: Datum>(e: &mut E, old: E::V, operand: E::V) -> E::V {
        e.or(W64, old, operand)
    }
}

impl Update for Swp {
    #[inline(always)]
    fn updated<E: Emit<Aarch64>, T: Datum>(_e: &mut E, _old: E::V, operand: E::V) -> E::V {
        operand
    }
}

/// Both values with their top byte at the top of 64 bits, where they compare as they do in their size.
#[inline(always)]
fn at_top<E: Emit<Aarch64>, T: Datum>(e: &mut E, a: E::V, b: E::V) -> (E::V, E::V) {
    let places = e.imm(u64::from(64 - T::SIZE.bits()));
    (e.shl(W64, a, places), e.shl(W64, b, places))
}

macro_rules! extremes {
    ($($name:ident: $less:ident, $larger:literal;)*) => {
        $(impl Update for $name {
            #[inline(always)]
            fn updated<E: Emit<Aarch64>, T: Datum>(e: &mut E, old: E::V, operand: E::V) -> E::V {
                let (a, b) = at_top::<E, T>(e, old, operand);
                let less = e.$less(W64, a, b);
                if $larger { e.select(less, operand, old) } else { e.select(less, old, operand) }
            }
        })*
    };
}

extremes! {
    Smax: slt, true;
    Smin: slt, false;
    Umax: ult, true;
    Umin: ult, false;
}

/// All atomic updates.
pub(crate) fn update<E: Emit<Aarch64>, T: Datum, U: Update>(
    e: &mut E,
    i: &Insn,
) -> Result<(), E::Exit> {
    let address = base(e, i.rn)?;
    let operand = e.get(i.rm);
    let old = e.load(address, T::MEM.update())?;
    let new = U::updated::<E, T>(e, old, operand);
    e.store(address, new, T::MEM.update())?;
    e.put(i.rd, old);
    Ok(())
}

/// The low bytes of a value.
#[inline(always)]
fn low_bytes<E: Emit<Aarch64>>(e: &mut E, value: E::V, size: Size) -> E::V {
    let mask = e.imm(u64::MAX >> (64 - size.bits()));
    e.and(W64, value, mask)
}

/// CAS. A comparison that fails stores nothing, but needs permission to write all the same.
pub(crate) fn cas<E: Emit<Aarch64>, T: Datum>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    let address = base(e, i.rn)?;
    let (expected, new) = (e.get(i.rm), e.get(i.rd));
    let expected = low_bytes(e, expected, T::SIZE);
    let old = e.load(address, T::MEM.update())?;
    let same = e.eq(W64, old, expected);
    e.when(same, |e| e.store(address, new, T::MEM.update()))?;
    e.put(i.ra, old);
    Ok(())
}

/// The two registers of a CASP's second operand: `rd` is even, and register 31 after 30 is zero.
#[inline(always)]
fn new_pair<E: Emit<Aarch64>>(e: &mut E, i: &Insn) -> (E::V, E::V) {
    (e.get(i.rd), e.get(i.rd + 1))
}

/// The two registers with which a CASP compares.
#[inline(always)]
fn expected_pair<E: Emit<Aarch64>>(e: &mut E, i: &Insn) -> (E::V, E::V) {
    (e.get(i.rm), e.get(i.rm + 1))
}

/// CASP of words: a CAS of a doubleword.
pub(crate) fn casp_w<E: Emit<Aarch64>>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    let address = base(e, i.rn)?;
    let (low, high) = expected_pair(e, i);
    let expected = joined(e, low, high);
    let (low, high) = new_pair(e, i);
    let new = joined(e, low, high);
    let old = e.load(address, U64::MEM.update())?;
    let same = e.eq(W64, old, expected);
    e.when(same, |e| e.store(address, new, U64::MEM.update()))?;
    let (low, high) = halves(e, old);
    e.put(i.rm, low);
    e.put(i.ra, high);
    Ok(())
}

/// CASP of doublewords.
pub(crate) fn casp_x<E: Emit<Aarch64>>(e: &mut E, i: &Insn) -> Result<(), E::Exit> {
    let address = base(e, i.rn)?;
    // ISS.WnR is for what only the write would find; the read finds this.
    insist_on_alignment(e, address, 16, Access::Read)?;
    let expected = expected_pair(e, i);
    let new = new_pair(e, i);
    let low = e.load(address, U64::MEM.update())?;
    let next = e.add_imm(W64, address, 8);
    let high = e.load(next, U64::MEM.update())?;
    let same_low = e.eq(W64, low, expected.0);
    let same_high = e.eq(W64, high, expected.1);
    let same = e.and(W64, same_low, same_high);
    e.when(same, |e| {
        e.store(address, new.0, U64::MEM.update())?;
        e.store(next, new.1, U64::MEM.update())
    })?;
    e.put(i.rm, low);
    e.put(i.ra, high);
    Ok(())
}
