//! From encodings to operands.
//!
//! A [`Format`] says where the operands of an instruction are in its encoding and what is ready to use: immediates come
//! scaled and extended, register 31 comes as the stack pointer, as zero, or as the place for results that
//! are discarded. Encodings that their row covers but a field makes unallocated decode to [`UNDEFINED`].

use lockstep_cpu::{Decoded, Reg};

use crate::table::{self, UNDEFINED};
use crate::{Insn, reg};

/// How operands are encoded, and with that how they are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    PcRelative,
    PcRelativePage,
    SumImmediate,
    SumImmediateFlags,
    LogicalImmediate,
    LogicalImmediateFlags,
    MoveWide,
    MoveKeep,
    Bitfield,
    BitfieldInsert,
    Extract,
    Shifted,
    Extended,
    ExtendedFlags,
    TwoRegisters,
    ThreeRegisters,
    FourRegisters,
    Checksum,
    CompareImmediate,
    CompareRegister,
    Select,
    Branch,
    BranchConditional,
    CompareBranch,
    TestBranch,
    BranchRegister,
    ExceptionReturn,
    PermanentlyUndefined,
    Exception,
    Hint,
    Barrier,
    SystemImmediate,
    SystemWrite,
    SystemRead,
    RegisterWrite,
    RegisterRead,
    LoadUnsigned,
    StoreUnsigned,
    PrefetchUnsigned,
    LoadSigned,
    StoreSigned,
    PrefetchSigned,
    LoadIndex,
    StoreIndex,
    PrefetchIndex,
    LoadLiteral,
    PrefetchLiteral,
    LoadPair,
    StorePair,
    LoadExclusive,
    StoreExclusive,
    LoadExclusivePair,
    StoreExclusivePair,
    LoadOrdered,
    StoreOrdered,
    CompareSwap,
    CompareSwapPair,
    Atomic,
}

/// An encoding, and the fields in it.
#[derive(Clone, Copy)]
pub(crate) struct Word(pub(crate) u32);

impl Word {
    /// `len` bits from bit `low`.
    pub(crate) const fn bits(self, low: u32, len: u32) -> u32 {
        self.0 >> low & ((1 << len) - 1)
    }

    /// One bit.
    pub(crate) const fn bit(self, place: u32) -> bool {
        self.0 >> place & 1 == 1
    }

    /// `len` bits from bit `low`, sign-extended.
    pub(crate) const fn signed(self, low: u32, len: u32) -> i64 {
        let up = 64 - len;
        ((self.bits(low, len) as i64) << up) >> up
    }

    const fn number(self, low: u32) -> Reg {
        self.bits(low, 5) as Reg
    }

    /// The register at `low`, with 31 as zero.
    const fn source(self, low: u32) -> Reg {
        self.number(low)
    }

    /// The register at `low`, with 31 as the place for discarded results.
    const fn target(self, low: u32) -> Reg {
        discard_31(self.number(low))
    }

    /// The register at `low`, with 31 as the stack pointer.
    const fn stack(self, low: u32) -> Reg {
        match self.number(low) {
            31 => reg::SP,
            number => number,
        }
    }

    /// The register width of data processing.
    const fn is_wide(self) -> bool {
        self.bit(31)
    }

    /// The immediate of ADR and ADRP.
    pub(crate) const fn pc_offset(self) -> i64 {
        self.signed(5, 19) << 2 | self.bits(29, 2) as i64
    }

    /// The immediate of ADD and SUB.
    pub(crate) const fn sum_immediate(self) -> i64 {
        (self.bits(10, 12) as i64) << if self.bit(22) { 12 } else { 0 }
    }

    /// The 64-bit value that a move of 16 bits puts or keeps.
    pub(crate) const fn wide_immediate(self) -> u64 {
        (self.bits(5, 16) as u64) << self.wide_shift()
    }

    /// Where the 16 bits of a wide move go.
    pub(crate) const fn wide_shift(self) -> u32 {
        self.bits(21, 2) * 16
    }

    /// The bitmask immediate, if the fields make one.
    pub(crate) fn bitmask(self) -> Option<u64> {
        let mask = bitmask(self.bit(22), self.bits(10, 6), self.bits(16, 6))?;
        Some(if self.is_wide() { mask } else { mask & 0xffff_ffff })
    }

    /// Log2 of the bytes that a load or store of one general register moves.
    pub(crate) const fn scale(self) -> u32 {
        self.bits(30, 2)
    }

    /// Log2 of the bytes of half a pair: bit 31 tells words from doublewords.
    pub(crate) const fn pair_scale(self) -> u32 {
        2 + self.bits(31, 1)
    }
}

const fn discard_31(number: Reg) -> Reg {
    if number == 31 { reg::SINK } else { number }
}

/// The bitmask of N, imms and immr (section C6.2, "DecodeBitMasks"): a run of ones, rotated, in elements of 2 to 64 bits
/// that repeat. A run as long as its element is not allocated.
pub(crate) fn bitmask(n: bool, imms: u32, immr: u32) -> Option<u64> {
    let selector = u32::from(n) << 6 | (!imms & 0x3f);
    let element = 1u32 << selector.checked_ilog2()?;
    let ones = (imms & (element - 1)) + 1;
    if element == 1 || ones == element {
        return None;
    }
    let run = u64::MAX >> (64 - ones);
    let rotation = immr & (element - 1);
    let wrapped = if rotation == 0 { 0 } else { run << (element - rotation) };
    let mut mask = (run >> rotation | wrapped) & u64::MAX >> (64 - element);
    let mut width = element;
    while width < 64 {
        mask |= mask << width;
        width *= 2;
    }
    Some(mask)
}

/// Decodes an instruction.
#[must_use]
pub fn decode(word: u32) -> Decoded<Insn> {
    let found = table::find(word)
        .and_then(|(number, row)| Some((number, row.format, operands(row.format, Word(word))?)));
    match found {
        Some((row, format, insn)) => {
            Decoded { row, insn, len: 4, ends_block: ends_block(format, &insn) }
        }
        None => Decoded { row: UNDEFINED, insn: Insn::default(), len: 4, ends_block: true },
    }
}

/// Whether the next instruction may be elsewhere, or be fetched under other rules.
fn ends_block(format: Format, insn: &Insn) -> bool {
    use Format::*;
    match format {
        Branch | BranchConditional | CompareBranch | TestBranch | BranchRegister => true,
        ExceptionReturn | PermanentlyUndefined | Exception => true,
        SystemImmediate | SystemWrite | RegisterWrite | Barrier => true,
        // YIELD, WFE, WFI, SEV, SEVL.
        Hint => matches!(insn.imm, 1..=5),
        _ => false,
    }
}

/// The operands of an encoding; `None` when it is not allocated.
pub(crate) fn operands(format: Format, w: Word) -> Option<Insn> {
    use Format::*;
    match format {
        PcRelative
        | PcRelativePage
        | SumImmediate
        | SumImmediateFlags
        | LogicalImmediate
        | LogicalImmediateFlags
        | MoveWide
        | MoveKeep => immediate_operands(format, w),
        Bitfield | BitfieldInsert | Extract => Some(bitfield_operands(format, w)),
        Shifted | Extended | ExtendedFlags | TwoRegisters | ThreeRegisters | FourRegisters
        | Checksum | CompareImmediate | CompareRegister | Select => register_operands(format, w),
        Branch | BranchConditional | CompareBranch | TestBranch | BranchRegister
        | ExceptionReturn | PermanentlyUndefined | Exception => Some(branch_operands(format, w)),
        Hint | Barrier | SystemImmediate | SystemWrite | SystemRead | RegisterWrite
        | RegisterRead => Some(system_operands(format, w)),
        LoadExclusive | StoreExclusive | LoadExclusivePair | StoreExclusivePair | LoadOrdered
        | StoreOrdered | CompareSwap | CompareSwapPair | Atomic => atomic_operands(format, w),
        _ => Some(memory_operands(format, w)),
    }
}

fn immediate_operands(format: Format, w: Word) -> Option<Insn> {
    let (rd, rn) = (w.target(0), w.stack(5));
    Some(match format {
        Format::PcRelative => Insn { rd, imm: w.pc_offset(), ..Insn::default() },
        Format::PcRelativePage => Insn { rd, imm: w.pc_offset() << 12, ..Insn::default() },
        Format::SumImmediate => {
            Insn { rd: w.stack(0), rn, imm: w.sum_immediate(), ..Insn::default() }
        }
        Format::SumImmediateFlags => Insn { rd, rn, imm: w.sum_immediate(), ..Insn::default() },
        Format::LogicalImmediate => {
            let imm = w.bitmask()? as i64;
            Insn { rd: w.stack(0), rn: w.source(5), imm, ..Insn::default() }
        }
        Format::LogicalImmediateFlags => {
            Insn { rd, rn: w.source(5), imm: w.bitmask()? as i64, ..Insn::default() }
        }
        Format::MoveWide => {
            let inverted = w.bits(29, 2) == 0;
            let value = if inverted { !w.wide_immediate() } else { w.wide_immediate() };
            let value = if w.is_wide() { value } else { value & 0xffff_ffff };
            Insn { rd, imm: value as i64, ..Insn::default() }
        }
        _ => {
            let (imm, amount) = (w.wide_immediate() as i64, w.wide_shift() as u8);
            Insn { rd, rn: w.source(0), imm, amount, ..Insn::default() }
        }
    })
}

/// See `integer::bitfield`, `bfm` and `extr` for what they expect.
fn bitfield_operands(format: Format, w: Word) -> Insn {
    let top = if w.is_wide() { 63 } else { 31 };
    let (immr, imms) = (w.bits(16, 6), w.bits(10, 6));
    let (rd, rn) = (w.target(0), w.source(5));
    match format {
        Format::Extract => Insn { rd, rn, rm: w.source(16), amount: imms as u8, ..Insn::default() },
        Format::Bitfield => {
            let left = top - imms;
            let right = if imms >= immr { left + immr } else { immr - imms - 1 };
            Insn { rd, rn, amount: left as u8, aux: right as u8, ..Insn::default() }
        }
        _ => {
            // The field is at the bottom when it is extracted, at the rotation's distance from the top when inserted.
            let field = if imms >= immr {
                u64::MAX >> (63 - (imms - immr))
            } else {
                (u64::MAX >> (63 - imms)) << (top + 1 - immr)
            };
            let (imm, amount) = (field as i64, immr as u8);
            Insn { rd, rn, rm: w.source(0), imm, amount, ..Insn::default() }
        }
    }
}

fn register_operands(format: Format, w: Word) -> Option<Insn> {
    let (rd, rn, rm) = (w.target(0), w.source(5), w.source(16));
    let plain = Insn { rd, rn, rm, ..Insn::default() };
    Some(match format {
        Format::Shifted => Insn { amount: w.bits(10, 6) as u8, ..plain },
        Format::Extended | Format::ExtendedFlags => {
            let (aux, amount) = (w.bits(13, 3) as u8, w.bits(10, 3) as u8);
            let rd = if format == Format::Extended { w.stack(0) } else { rd };
            (amount <= 4).then_some(Insn { rd, rn: w.stack(5), aux, amount, ..plain })?
        }
        Format::FourRegisters => Insn { ra: w.source(10), ..plain },
        Format::CompareImmediate | Format::CompareRegister => {
            let (aux, amount) = (w.bits(12, 4) as u8, w.bits(0, 4) as u8);
            Insn { rd: 0, imm: i64::from(w.bits(16, 5)), aux, amount, ..plain }
        }
        Format::Select => Insn { aux: w.bits(12, 4) as u8, ..plain },
        _ => plain,
    })
}

fn branch_operands(format: Format, w: Word) -> Insn {
    match format {
        Format::Branch => Insn { imm: w.signed(0, 26) << 2, ..Insn::default() },
        Format::BranchConditional => Insn { imm: w.signed(5, 19) << 2, ..Insn::default() },
        Format::CompareBranch => {
            Insn { rd: w.source(0), imm: w.signed(5, 19) << 2, ..Insn::default() }
        }
        Format::TestBranch => {
            let amount = (w.bits(31, 1) << 5 | w.bits(19, 5)) as u8;
            Insn { rd: w.source(0), imm: w.signed(5, 14) << 2, amount, ..Insn::default() }
        }
        Format::BranchRegister => Insn { rn: w.source(5), ..Insn::default() },
        Format::Exception => Insn { imm: i64::from(w.bits(5, 16)), ..Insn::default() },
        _ => Insn::default(),
    }
}

/// System registers and operations have op0:op1:CRn:CRm:op2, as documents and ESR_EL1 order them, in `imm`.
fn system_operands(format: Format, w: Word) -> Insn {
    let encoding = i64::from(w.bits(5, 16));
    match format {
        Format::Hint => Insn { imm: i64::from(w.bits(5, 7)), ..Insn::default() },
        Format::Barrier => Insn { imm: i64::from(w.bits(8, 4)), ..Insn::default() },
        Format::SystemImmediate => {
            let aux = (w.bits(16, 3) << 3 | w.bits(5, 3)) as u8;
            Insn { imm: i64::from(w.bits(8, 4)), aux, ..Insn::default() }
        }
        Format::SystemRead | Format::RegisterRead => {
            Insn { rd: w.target(0), imm: encoding, ..Insn::default() }
        }
        _ => Insn { rd: w.source(0), imm: encoding, ..Insn::default() },
    }
}

fn memory_operands(format: Format, w: Word) -> Insn {
    use Format::*;
    let stores = matches!(format, StoreUnsigned | StoreSigned | StoreIndex | StorePair);
    let moved = |low| if stores { w.source(low) } else { w.target(low) };
    let plain = Insn { rd: moved(0), rn: w.stack(5), ..Insn::default() };
    match format {
        LoadUnsigned | StoreUnsigned => {
            Insn { imm: i64::from(w.bits(10, 12)) << w.scale(), ..plain }
        }
        LoadSigned | StoreSigned => Insn { imm: w.signed(12, 9), ..plain },
        LoadIndex | StoreIndex => {
            let amount = if w.bit(12) { w.scale() as u8 } else { 0 };
            Insn { rm: w.source(16), aux: w.bits(13, 3) as u8, amount, ..plain }
        }
        LoadLiteral => Insn { rn: 0, imm: w.signed(5, 19) << 2, ..plain },
        LoadPair | StorePair => {
            Insn { ra: moved(10), imm: w.signed(15, 7) << w.pair_scale(), ..plain }
        }
        _ => Insn::default(),
    }
}

/// Exclusive stores have their status register in `rm`; compare-and-swap has what it compares with in `rm`, and the
/// place for the (second) old value in `ra`.
fn atomic_operands(format: Format, w: Word) -> Option<Insn> {
    use Format::*;
    let plain = Insn { rn: w.stack(5), ..Insn::default() };
    Some(match format {
        LoadExclusive | LoadOrdered => Insn { rd: w.target(0), ..plain },
        LoadExclusivePair => Insn { rd: w.target(0), ra: w.target(10), ..plain },
        StoreExclusive | StoreExclusivePair => {
            Insn { rd: w.source(0), ra: w.source(10), rm: w.target(16), ..plain }
        }
        StoreOrdered => Insn { rd: w.source(0), ..plain },
        CompareSwap => Insn { rd: w.source(0), rm: w.source(16), ra: w.target(16), ..plain },
        CompareSwapPair => {
            let (rd, rm) = (w.source(0), w.source(16));
            let second = discard_31(rm | 1);
            (rd % 2 == 0 && rm % 2 == 0).then_some(Insn { rd, rm, ra: second, ..plain })?
        }
        _ => Insn { rd: w.target(0), rm: w.source(16), ..plain },
    })
}
