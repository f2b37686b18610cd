//! What this processor says it is.
//!
//! Firmware and kernels choose their code paths by these registers, so each field tells what is there and nothing
//! else. Fields that are not mentioned are zero, which says that their feature is absent (section D19.2).

/// The name of the model. An implementer code of 0 is reserved for software, so no kernel applies the workarounds of
/// somebody's silicon.
pub const MODEL: &str = "lockstep-v8";

/// Implementer 0x00, architecture 0xf (see the ID registers), part 0x4c5.
pub(crate) const MIDR: u64 = 0xf << 16 | 0x4c5 << 4;

/// Bit 31 of MPIDR_EL1 is RES1.
pub(crate) const MPIDR_RES1: u64 = 1 << 31;
/// MPIDR_EL1.U: the machine has one processor.
pub(crate) const MPIDR_U: u64 = 1 << 30;

/// EL0 and EL1 in AArch64 only; no EL2, no EL3. Floating point and Advanced SIMD with arithmetic in half precision. RAS
/// without error records. CSV2 and CSV3: nothing is speculated, so that no branch or load leaks anything.
pub(crate) const AA64PFR0: u64 =
    0x1 | 0x1 << 4 | 0x1 << 16 | 0x1 << 20 | 0x1 << 28 | 0x1 << 56 | 0x1 << 60;
/// ID_AA64PFR0_EL1.GIC: the system register interface of GICv3.
pub(crate) const AA64PFR0_GIC: u64 = 1 << 24;

/// Armv8 debug with its breakpoints, watchpoints and double lock; PMUv3; no trace.
pub(crate) const AA64DFR0: u64 = 0x6
    | 0x1 << 8
    | (super::BREAKPOINTS as u64 - 1) << 12
    | (super::WATCHPOINTS as u64 - 1) << 20
    | (super::CONTEXT_BREAKPOINTS as u64 - 1) << 28;

/// AES and PMULL, SHA-1, SHA-256, CRC32, the atomics of FEAT_LSE, FEAT_RDM and FEAT_DotProd.
pub(crate) const AA64ISAR0: u64 =
    0x2 << 4 | 0x1 << 8 | 0x1 << 12 | 0x1 << 16 | 0x2 << 20 | 0x1 << 28 | 0x1 << 44;
/// DC CVAP (FEAT_DPB) and LDAPR (FEAT_LRCPC).
pub(crate) const AA64ISAR1: u64 = 0x1 | 0x1 << 20;

/// Physical address bits.
pub(crate) const PA_BITS: u32 = 48;
/// 48-bit physical addresses, 16-bit ASIDs, granules of 4 KiB, 16 KiB and 64 KiB, no big-endian data.
pub(crate) const AA64MMFR0: u64 = 0x5 | 0x2 << 4 | 0x1 << 20;
/// Hierarchical permissions can be disabled (FEAT_HPDS), LORegions of which there are none (FEAT_LOR), PAN with AT S1E1RP
/// and S1E1WP. No hardware updates of access flag or dirty state, no VHE.
pub(crate) const AA64MMFR1: u64 = 0x1 << 12 | 0x1 << 16 | 0x2 << 20;
/// TTBRn_EL1.CnP (FEAT_TTCNP), and TCR_EL1.E0PDn (FEAT_E0PD), with which a kernel that moves itself about needs no second set
/// of page tables.
pub(crate) const AA64MMFR2: u64 = 0x1 | 0x1 << 60;

/// Bytes in a cache line.
pub(crate) const LINE: u64 = 64;
/// 64-byte lines, physically indexed and tagged, 64-byte exclusives granule. IDC and DIC are 0: a kernel does the
/// maintenance that it would do on most hardware.
pub(crate) const CTR: u64 = 1 << 31 | 4 << 24 | 4 << 20 | 4 << 16 | 3 << 14 | 4;
/// Level 1 has separate caches, and is the point of unification and of coherency.
pub(crate) const CLIDR: u64 = 3 | 1 << 21 | 1 << 24 | 1 << 27;
/// Cache geometries: 64-byte lines, 4 ways, 128 sets. Cache maintenance has no effect here, so small ones save time.
pub(crate) const CCSIDR_L1: u64 = 2 | 3 << 3 | 127 << 13;
/// DC ZVA clears 16 words.
pub(crate) const DCZID: u64 = 4;
/// DCZID_EL0.DZP: DC ZVA is not allowed here.
pub(crate) const DCZID_DZP: u64 = 1 << 4;

/// OSLSR_EL1.OSLM: the OS lock is implemented.
pub(crate) const OSLSR_OSLM: u64 = 1 << 3;
/// No secure state, and no external debugger that could be enabled.
pub(crate) const DBGAUTHSTATUS: u64 = 0b1010;
