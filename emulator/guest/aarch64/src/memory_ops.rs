//! Loads and stores.
//!
//! What is moved ([`Datum`]) and where ([`Mode`]) are independent, so there is one load, one store, and a pair of each.
//! The order of their steps is the architecture's: nothing is put before all accesses have succeeded, except that the
//! first half of a stored pair stays stored when the second faults.

use lockstep_cpu::{Emit, Mem, Reg, Width};

use crate::integer::extended;
use crate::ops::Datum;
use crate::{Aarch64, Insn, reg, system};

const W64: Width = Width::W64;

/// An addressing mode.
pub(crate) trait Mode {
    /// The address of the access.
    fn address<E: Emit<Aarch64>>(e: &mut E, i: &Insn) -> Result<E::V, E::Exit>;

    /// What happens to the base register once the accesses have succeeded.
    #[inline(always)]
    fn finish<E: Emit<Aarch64>>(_e: &mut E, _i: &Insn, _address: E::V) {}

    /// The access that the mode makes of a plain one.
    #[inline(always)]
    fn access(mem: Mem) -> Mem {
        mem
    }
}

/// Base and offset.
pub(crate) struct Offset;
/// Base and extended register.
pub(crate) struct Index;
/// Base and offset, with the permissions of EL0.
pub(crate) struct User;
/// Base; then the offset is added to it.
pub(crate) struct Post;
/// Base and offset, which becomes the base.
pub(crate) struct Pre;
/// The instruction's address and an offset.
pub(crate) struct Literal;

/// The value of a base register. Where that is the stack pointer, its alignment may be checked (section D1.8.2).
#[inline(always)]
pub(crate) fn base<E: Emit<Aarch64>>(e: &mut E, rn: Reg) -> Result<E::V, E::Exit> {
    let address = e.get(rn);
    if rn == reg::SP {
        let low = e.imm(15);
        let low = e.and(W64, address, low);
        e.when(low, |e| {
            let zero = e.imm(0);
            e.call(system::check_sp_alignment, [address, zero, zero]).map(|_| ())
        })?;
    }
    Ok(address)
}

impl Mode for Offset {
    #[inline(always)]
    fn address<E: Emit<Aarch64>>(e: &mut E, i: &Insn) -> Result<E::V, E::Exit> {
        let base = base(e, i.rn)?;
        Ok(e.add_imm(W64, base, i.imm))
    }
}

impl Mode for Index {
    #[inline(always)]
    fn address<E: Emit<Aarch64>>(e: &mut E, i: &Insn) -> Result<E::V, E::Exit> {
        let base = base(e, i.rn)?;
        let index = extended(e, i);
        Ok(e.add(W64, base, index))
    }
}

impl Mode for User {
    #[inline(always)]
    fn address<E: Emit<Aarch64>>(e: &mut E, i: &Insn) -> Result<E::V, E::Exit> {
        Offset::address(e, i)
    }

    #[inline(always)]
    fn access(mem: Mem) -> Mem {
        mem.as_user()
    }
}

impl Mode for Post {
    #[inline(always)]
    fn address<E: Emit<Aarch64>>(e: &mut E, i: &Insn) -> Result<E::V, E::Exit> {
        base(e, i.rn)
    }

    #[inline(always)]
    fn finish<E: Emit<Aarch64>>(e: &mut E, i: &Insn, address: E::V) {
        let next = e.add_imm(W64, address, i.imm);
        e.put(i.rn, next);
    }
}

impl Mode for Pre {
    #[inline(always)]
    fn address<E: Emit<Aarch64>>(e: &mut E, i: &Insn) -> Result<E::V, E::Exit> {
        Offset::address(e, i)
    }

    #[inline(always)]
    fn finish<E: Emit<Aarch64>>(e: &mut E, i: &Insn, address: E::V) {
        e.put(i.rn, address);
    }
}

impl Mode for Literal {
    #[inline(always)]
    fn address<E: Emit<Aarch64>>(e: &mut E, i: &Insn) -> Result<E::V, E::Exit> {
        let pc = e.pc();
        Ok(e.add_imm(W64, pc, i.imm))
    }
}

/// All loads of one register.
pub(crate) fn load<E: Emit<Aarch64>, M: Mode, T: Datum>(
    e: &mut E,
    i: &Insn,
) -> Result<(), E::Exit> {
    let address = M::address(e, i)?;
    let value = e.load(address, M::access(T::MEM))?;
    let value = T::extend(e, value);
    e.put(i.rd, value);
    M::finish(e, i, address);
    Ok(())
}

/// All stores of one register.
pub(crate) fn store<E: Emit<Aarch64>, M: Mode, T: Datum>(
    e: &mut E,
    i: &Insn,
) -> Result<(), E::Exit> {
    let address = M::address(e, i)?;
    let value = e.get(i.rd);
    e.store(address, value, M::access(T::MEM))?;
    M::finish(e, i, address);
    Ok(())
}

/// LDP, LDNP, LDPSW.
pub(crate) fn load_pair<E: Emit<Aarch64>, M: Mode, T: Datum>(
    e: &mut E,
    i: &Insn,
) -> Result<(), E::Exit> {
    let address = M::address(e, i)?;
    let mut values = [address; 2];
    e.load_row(address, T::MEM, &mut values)?;
    let [first, second] = values.map(|value| T::extend(e, value));
    e.put(i.rd, first);
    e.put(i.ra, second);
    M::finish(e, i, address);
    Ok(())
}

/// STP and STNP.
pub(crate) fn store_pair<E: Emit<Aarch64>, M: Mode, T: Datum>(
    e: &mut E,
    i: &Insn,
) -> Result<(), E::Exit> {
    let address = M::address(e, i)?;
    let values = [e.get(i.rd), e.get(i.ra)];
    e.store_row(address, T::MEM, &values)?;
    M::finish(e, i, address);
    Ok(())
}

/// Prefetches: a hint about caches, which there are none of. They check and fault on nothing.
pub(crate) fn nothing<E: Emit<Aarch64>>(_e: &mut E, _i: &Insn) -> Result<(), E::Exit> {
    Ok(())
}
