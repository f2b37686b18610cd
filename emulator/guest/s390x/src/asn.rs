//! Address-space numbers (Principles of Operation, chapter 3, "ASN Translation", "ASN Authorization" and "Subspace-Replacement
//! Operations"), and the instructions that name the current spaces by them.
//!
//! Two tables give a number its space: the ASN first table, which control register 14 designates, and the second one, whose entries
//! ([`Aste`]) also have the tables that programs in that space work with. Nothing is kept of them beside control registers.

use lockstep_cpu::{Access, Cx, Exit};

use crate::access_registers::{self, has_authority, word};
use crate::control::{cr0, cr14};
use crate::control_ops::{check_extraction, control_changed};
use crate::exceptions::{code, nullified, numbered, program};
use crate::long::set_cc;
use crate::mmu::asce;
use crate::system::privileged;
use crate::timing_ops::aligned;
use crate::{Exception, Program, S390x, Text, psw, storage, trace};

type Helped = Result<u64, Exit<S390x>>;

/// Addresses of second-table entries.
const ORIGIN: u32 = 0x7fff_ffc0;
/// Bits that are one where an entry cannot be used: the first one of each table's.
pub(crate) const INVALID: u32 = 0x8000_0000;

/// Bits of the second word of a second-table entry.
pub(crate) mod size {
    /// Controlled ASN.
    pub(crate) const CONTROLLED: u32 = 2;
    /// Reusable ASN.
    pub(crate) const REUSABLE: u32 = 1;
}

/// An ASN-second-table entry.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Aste {
    /// Its real address.
    pub(crate) origin: u32,
    words: [u32; 12],
}

impl Aste {
    /// The entry at a real address, valid or not.
    pub(crate) fn read(cx: &Cx<S390x>, origin: u32) -> Result<Self, Exit<S390x>> {
        let mut words = [0; 12];
        for (place, value) in (0..).step_by(4).zip(&mut words) {
            *value = word(cx, u64::from(origin) + place).map_err(program)?;
        }
        Ok(Self { origin, words })
    }

    /// Whether it can be used.
    pub(crate) const fn is_valid(&self) -> bool {
        self.words[0] & INVALID == 0
    }

    /// Whether it is that of the base space of a subspace group.
    pub(crate) const fn is_base(&self) -> bool {
        self.words[0] & 1 != 0
    }

    /// The word with authorization index and [`size`].
    pub(crate) const fn sizes(&self) -> u32 {
        self.words[1]
    }

    /// The address-space-control element.
    pub(crate) fn designation(&self) -> u64 {
        u64::from(self.words[2]) << 32 | u64::from(self.words[3])
    }

    /// The sequence number.
    pub(crate) const fn sequence(&self) -> u32 {
        self.words[5]
    }

    /// The linkage-table designation, or that of the linkage first table.
    pub(crate) const fn linkage(&self) -> u32 {
        self.words[6]
    }

    /// What a stacked call tells of the space, beside its number: which of those that had it this is.
    pub(crate) fn told(&self, cx: &Cx<S390x>) -> u16 {
        if reuses(cx) { self.instance() as u16 } else { self.sequence() as u16 }
    }

    /// The instance number.
    pub(crate) const fn instance(&self) -> u32 {
        self.words[11]
    }

    /// The authorization index, in bits 32 to 47 as control register 4 has it.
    fn index(&self) -> u64 {
        u64::from(self.words[1] & 0xffff_0000)
    }

    /// Whether an authorization index has an authority over the space.
    fn admits(&self, cx: &Cx<S390x>, index: u16, authority: u8) -> Result<bool, Exit<S390x>> {
        has_authority(cx, index, [self.words[0], self.words[1]], authority).map_err(program)
    }

    /// The same, with the exception for when it has not.
    pub(crate) fn authorize(
        &self,
        cx: &Cx<S390x>,
        (index, asn): (u16, u16),
        (authority, code): (u8, u16),
    ) -> Result<(), Exit<S390x>> {
        if self.admits(cx, index, authority)? { Ok(()) } else { Err(numbered(code, asn.into())) }
    }

    /// The designation that becomes the current one: of the subspace, while one is active of the group whose base this is.
    pub(crate) fn replaced(&self, cx: &Cx<S390x>) -> Result<u64, Exit<S390x>> {
        let own = self.designation();
        let unit = Unit::of(cx);
        if own & asce::GROUP == 0
            || unit.base(cx)? != self.origin
            || unit.word(cx, 4)? & Unit::ACTIVE == 0
        {
            return Ok(own);
        }
        let subspace = Self::read(cx, unit.word(cx, 4)? & ORIGIN)?;
        if !subspace.is_valid() {
            return Err(nullified(code::ASTE_VALIDITY));
        }
        if subspace.sequence() != unit.word(cx, 12)? {
            return Err(nullified(code::ASTE_SEQUENCE));
        }
        Ok(subspace.designation() & !asce::EVENTS | own & asce::EVENTS)
    }
}

/// The dispatchable-unit control table, by its real address.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unit(pub(crate) u64);

impl Unit {
    /// In word 1: a subspace is active.
    pub(crate) const ACTIVE: u32 = 0x8000_0000;

    pub(crate) fn of(cx: &Cx<S390x>) -> Self {
        Self(cx.cpu.sys.cr[2] & u64::from(ORIGIN))
    }

    pub(crate) fn word(self, cx: &Cx<S390x>, place: u64) -> Result<u32, Exit<S390x>> {
        word(cx, self.0 + place).map_err(program)
    }

    /// Where the second-table entry of the base space is.
    pub(crate) fn base(self, cx: &Cx<S390x>) -> Result<u32, Exit<S390x>> {
        Ok(self.word(cx, 0)? & ORIGIN)
    }

    /// The second-table entry of the subspace that was used last, if there was one.
    pub(crate) fn subspace(self, cx: &Cx<S390x>) -> Result<Option<Aste>, Exit<S390x>> {
        match self.word(cx, 4)? & ORIGIN {
            0 => Ok(None),
            origin => Aste::read(cx, origin).map(Some),
        }
    }
}

/// The second-table entry of the primary space.
pub(crate) fn primary(cx: &Cx<S390x>) -> Result<Aste, Exit<S390x>> {
    Aste::read(cx, cx.cpu.sys.cr[5] as u32 & ORIGIN)
}

/// Whether numbers are reusable, and tables of linkage have two levels.
pub(crate) fn reuses(cx: &Cx<S390x>) -> bool {
    cx.cpu.sys.cr[0] & cr0::REUSE != 0
}

/// The current primary number.
pub(crate) fn primary_number(cx: &Cx<S390x>) -> u16 {
    cx.cpu.sys.cr[4] as u16
}

/// The current authorization index.
pub(crate) fn index(cx: &Cx<S390x>) -> u16 {
    (cx.cpu.sys.cr[4] >> 16) as u16
}

/// Refuses to translate numbers when control register 14 does not permit it.
pub(crate) fn check_control(cx: &Cx<S390x>) -> Result<(), Exit<S390x>> {
    match cx.cpu.sys.cr[14] & cr14::ASN_TRANSLATION {
        0 => Err(program(code::SPECIAL_OPERATION)),
        _ => Ok(()),
    }
}

/// Refuses what needs dynamic address translation.
pub(crate) fn check_dat(cx: &Cx<S390x>) -> Result<(), Exit<S390x>> {
    match cx.cpu.sys.mask & psw::DAT {
        0 => Err(program(code::SPECIAL_OPERATION)),
        _ => Ok(()),
    }
}

/// Translates a number.
pub(crate) fn translate(cx: &Cx<S390x>, asn: u16) -> Result<Aste, Exit<S390x>> {
    let table = (cx.cpu.sys.cr[14] & 0x7_ffff) << 12;
    let first = word(cx, table + u64::from(asn >> 6) * 4).map_err(program)?;
    if first & INVALID != 0 {
        return Err(numbered(code::AFX_TRANSLATION, asn.into()));
    }
    let at = (first & ORIGIN).wrapping_add(u32::from(asn & 0x3f) * 64) & 0x7fff_ffff;
    let entry = Aste::read(cx, at)?;
    if entry.is_valid() { Ok(entry) } else { Err(numbered(code::ASX_TRANSLATION, asn.into())) }
}

/// What the exception of an instance number that is not the space's tells, beside its code: whether it is the primary space's.
pub(crate) fn wrong_instance(primary: bool) -> Exit<S390x> {
    let access_register = if primary { 0x20 } else { 0x10 };
    Exit::Exception(Exception::Program(Program {
        nullifies: true,
        access_register,
        ..Program::new(code::ASTE_INSTANCE)
    }))
}

/// Control registers in the making: they change together, when nothing can go wrong any more.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spaces {
    /// Control registers 0 to 15.
    pub(crate) cr: [u64; 16],
    reuses: bool,
}

impl Spaces {
    pub(crate) fn of(cx: &Cx<S390x>) -> Self {
        Self { cr: cx.cpu.sys.cr, reuses: reuses(cx) }
    }

    /// Makes a space the primary one.
    pub(crate) fn set_primary(&mut self, asn: u16, entry: &Aste, designation: u64, instance: bool) {
        self.cr[1] = designation;
        self.cr[4] = self.cr[4] & !0xffff_ffff | entry.index() | u64::from(asn);
        self.cr[5] = self.cr[5] & !0xffff_ffff | u64::from(entry.origin);
        if self.reuses || instance {
            self.cr[4] = self.cr[4] & 0xffff_ffff | u64::from(entry.instance()) << 32;
        }
    }

    /// Makes a space the secondary one.
    pub(crate) fn set_secondary(
        &mut self,
        asn: u16,
        (designation, instance): (u64, u32),
        always: bool,
    ) {
        self.cr[7] = designation;
        self.cr[3] = self.cr[3] & !0xffff | u64::from(asn);
        if self.reuses || always {
            self.cr[3] = self.cr[3] & 0xffff_ffff | u64::from(instance) << 32;
        }
    }

    /// Makes the primary space the secondary one, too.
    pub(crate) fn primary_is_secondary(&mut self, always: bool) {
        let from = self.cr;
        self.set_secondary(from[4] as u16, (from[1], (from[4] >> 32) as u32), always);
    }

    /// Puts a PSW-key mask.
    pub(crate) fn set_key_mask(&mut self, mask: u64) {
        self.cr[3] = self.cr[3] & !0xffff_0000 | mask & 0xffff_0000;
    }

    /// Puts an extended authorization index.
    pub(crate) fn set_extended_index(&mut self, index: u16) {
        self.cr[8] = self.cr[8] & !0xffff_0000 | u64::from(index) << 16;
    }

    /// With control register 12 as tracing has left it.
    pub(crate) fn with_trace(mut self, cx: &Cx<S390x>) -> Self {
        self.cr[12] = cx.cpu.sys.cr[12];
        self
    }

    /// Puts them all into the processor.
    pub(crate) fn load(self, cx: &mut Cx<S390x>) {
        let old = std::mem::replace(&mut cx.cpu.sys.cr, self.cr);
        control_changed(cx, &old);
    }
}

fn r1(text: u64) -> usize {
    usize::from(Text(text).nibble(6))
}

/// Extracts the low or high half of a control register, with DAT on.
fn extract(cx: &mut Cx<S390x>, text: u64, control: usize, mask: u64, high: bool) -> Helped {
    check_dat(cx)?;
    check_extraction(cx)?;
    let value = cx.cpu.sys.cr[control];
    let register = &mut cx.cpu.regs[r1(text)];
    *register = if high {
        *register & 0xffff_ffff | value & !0xffff_ffff
    } else {
        *register & !0xffff_ffff | value & mask
    };
    Ok(0)
}

/// EXTRACT PRIMARY ASN.
pub(crate) fn epar(cx: &mut Cx<S390x>, args: [u64; 3]) -> Helped {
    extract(cx, args[2], 4, 0xffff, false)
}

/// EXTRACT PRIMARY ASN AND INSTANCE.
pub(crate) fn epair(cx: &mut Cx<S390x>, args: [u64; 3]) -> Helped {
    extract(cx, args[2], 4, 0xffff, false)?;
    extract(cx, args[2], 4, 0, true)
}

/// EXTRACT SECONDARY ASN.
pub(crate) fn esar(cx: &mut Cx<S390x>, args: [u64; 3]) -> Helped {
    extract(cx, args[2], 3, 0xffff, false)
}

/// EXTRACT SECONDARY ASN AND INSTANCE.
pub(crate) fn esair(cx: &mut Cx<S390x>, args: [u64; 3]) -> Helped {
    extract(cx, args[2], 3, 0xffff, false)?;
    extract(cx, args[2], 3, 0, true)
}

/// EXTRACT AND SET EXTENDED AUTHORITY.
pub(crate) fn esea(cx: &mut Cx<S390x>, [_, _, text]: [u64; 3]) -> Helped {
    privileged(cx)?;
    let register = &mut cx.cpu.regs[r1(text)];
    let (new, old) = (*register & 0xffff, cx.cpu.sys.cr[8] >> 16 & 0xffff);
    *register = *register & !0xffff_ffff | old << 16 | new;
    cx.cpu.sys.cr[8] = cx.cpu.sys.cr[8] & !0xffff_0000 | new << 16;
    Ok(0)
}

/// SET SECONDARY ASN.
pub(crate) fn ssar(cx: &mut Cx<S390x>, [_, _, text]: [u64; 3]) -> Helped {
    set_secondary(cx, text, false)
}

/// SET SECONDARY ASN WITH INSTANCE.
pub(crate) fn ssair(cx: &mut Cx<S390x>, [_, _, text]: [u64; 3]) -> Helped {
    set_secondary(cx, text, true)
}

/// Refuses a number that may be another space's tomorrow where there is no instance number with it, and a controlled one to the
/// problem state.
pub(crate) fn check_reuse(cx: &Cx<S390x>, entry: &Aste, instance: bool) -> Result<(), Exit<S390x>> {
    let refused = if instance {
        entry.sizes() & size::CONTROLLED != 0 && cx.cpu.sys.mask & psw::PROBLEM != 0
    } else {
        entry.sizes() & size::REUSABLE != 0 && reuses(cx)
    };
    if refused { Err(program(code::SPECIAL_OPERATION)) } else { Ok(()) }
}

fn set_secondary(cx: &mut Cx<S390x>, text: u64, instance: bool) -> Helped {
    check_dat(cx)?;
    check_control(cx)?;
    let operand = cx.cpu.regs[r1(text)];
    let asn = operand as u16;
    let traced = trace::prepare_secondary(cx, asn, instance)?;
    let mut spaces = Spaces::of(cx);
    if asn == primary_number(cx) {
        spaces.primary_is_secondary(instance);
    } else {
        let entry = translate(cx, asn)?;
        check_reuse(cx, &entry, instance)?;
        if instance && entry.instance() != (operand >> 32) as u32 {
            return Err(wrong_instance(false));
        }
        let authority = (access_registers::SECONDARY, code::SECONDARY_AUTHORITY);
        entry.authorize(cx, (index(cx), asn), authority)?;
        let designation = entry.replaced(cx)?;
        spaces.set_secondary(asn, (designation, entry.instance()), instance);
    }
    spaces.load(cx);
    trace::store(cx, traced);
    Ok(0)
}

/// Bits of the second-operand address of LOAD ADDRESS SPACE PARAMETERS.
mod lasp {
    /// Numbers are translated even when they are the current ones.
    pub(super) const TRANSLATE: u64 = 4;
    /// The authorization index is the operand's.
    pub(super) const OWN_INDEX: u64 = 2;
    /// The secondary space is not authorized.
    pub(super) const NO_AUTHORIZATION: u64 = 1;
}

/// The first operand of LOAD ADDRESS SPACE PARAMETERS.
struct Parameters {
    key_mask: u64,
    secondary: (u16, u32),
    index: u64,
    primary: (u16, u32),
}

fn parameters(cx: &mut Cx<S390x>, place: u64, text: u64) -> Result<Parameters, Exit<S390x>> {
    let long = reuses(cx);
    storage::first(cx, text);
    let mut bytes = [0; 16];
    let start = if long { 0 } else { 8 };
    storage::span(cx, place, 16 - start as u32, Access::Read)?.read(cx, &mut bytes[start..]);
    let number = |at: usize, len: usize| {
        bytes[at..at + len].iter().fold(0, |v, byte| v << 8 | u64::from(*byte))
    };
    Ok(if long {
        Parameters {
            key_mask: number(4, 2) << 16,
            secondary: (number(6, 2) as u16, number(0, 4) as u32),
            index: number(12, 2) << 16,
            primary: (number(14, 2) as u16, number(8, 4) as u32),
        }
    } else {
        Parameters {
            key_mask: number(8, 2) << 16,
            secondary: (number(10, 2) as u16, 0),
            index: number(12, 2) << 16,
            primary: (number(14, 2) as u16, 0),
        }
    })
}

/// A space by its number and instance, and the designation for it; none where a table says that it is not there.
fn find(cx: &Cx<S390x>, (asn, instance): (u16, u32)) -> Result<Option<(Aste, u64)>, Exit<S390x>> {
    let found = translate(cx, asn).and_then(|entry| {
        if reuses(cx) && entry.instance() != instance {
            return Err(wrong_instance(false));
        }
        let designation = entry.replaced(cx)?;
        Ok((entry, designation))
    });
    match found {
        Err(Exit::Exception(Exception::Program(program))) if program.nullifies => Ok(None),
        found => found.map(Some),
    }
}

/// LOAD ADDRESS SPACE PARAMETERS: key mask, secondary number, authorization index and primary number. The condition code tells which
/// of the numbers cannot be used (1 primary, 2 secondary), or that it would be a space-switch event (3).
pub(crate) fn lasp(cx: &mut Cx<S390x>, [place, function, text]: [u64; 3]) -> Helped {
    privileged(cx)?;
    check_control(cx)?;
    aligned(place, 8)?;
    let wanted = parameters(cx, place, text)?;
    let answer = load_parameters(cx, &wanted, function)?;
    set_cc(cx, answer);
    Ok(0)
}

fn load_parameters(cx: &mut Cx<S390x>, wanted: &Parameters, function: u64) -> Helped {
    let mut spaces = Spaces::of(cx);
    let always = function & lasp::TRANSLATE != 0;
    let (primary, secondary) = (wanted.primary, wanted.secondary);
    if always || primary.0 != primary_number(cx) {
        let Some((entry, designation)) = find(cx, primary)? else { return Ok(1) };
        if (cx.cpu.sys.cr[1] | entry.designation()) & asce::SPACE_SWITCH != 0 {
            return Ok(3);
        }
        spaces.set_primary(primary.0, &entry, designation, false);
    }
    if function & lasp::OWN_INDEX != 0 {
        spaces.cr[4] = spaces.cr[4] & !0xffff_0000 | wanted.index;
    }
    let authorize = function & lasp::NO_AUTHORIZATION == 0;
    if secondary.0 == primary.0 {
        spaces.primary_is_secondary(false);
    } else if always || authorize || secondary.0 != cx.cpu.sys.cr[3] as u16 {
        let Some((entry, designation)) = find(cx, secondary)? else { return Ok(2) };
        let index = (spaces.cr[4] >> 16) as u16;
        if authorize && !entry.admits(cx, index, access_registers::SECONDARY)? {
            return Ok(2);
        }
        spaces.set_secondary(secondary.0, (designation, entry.instance()), false);
    }
    spaces.set_key_mask(wanted.key_mask);
    spaces.load(cx);
    Ok(0)
}
