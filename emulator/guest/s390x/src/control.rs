//! Bits of control registers (Principles of Operation, chapter 4, "Control Registers").

/// Control register 0.
pub(crate) mod cr0 {
    /// SET SYSTEM MASK is refused.
    pub(crate) const NO_SSM: u64 = 1 << (63 - 33);
    /// Secondary-space control: MOVE TO PRIMARY and the like work.
    pub(crate) const SECONDARY: u64 = 1 << (63 - 37);
    /// Execution protection of pages.
    pub(crate) const NO_EXECUTE: u64 = 1 << (63 - 43);
    /// Low-address protection.
    pub(crate) const LOW_ADDRESS: u64 = 1 << (63 - 35);
    /// Extraction authority.
    pub(crate) const EXTRACTION: u64 = 1 << (63 - 36);
    /// Fetch-protection override.
    pub(crate) const FETCH_OVERRIDE: u64 = 1 << (63 - 38);
    /// Storage-protection override.
    pub(crate) const STORAGE_OVERRIDE: u64 = 1 << (63 - 39);
    /// Enhanced DAT.
    pub(crate) const EDAT: u64 = 1 << (63 - 40);
    /// Additional floating-point registers.
    pub(crate) const AFP: u64 = 1 << (63 - 45);
    /// Vector instructions.
    pub(crate) const VECTOR: u64 = 1 << (63 - 46);
    /// Both that vector instructions need.
    pub(crate) const VECTORS: u64 = AFP | VECTOR;
    /// ASN and LX reuse.
    pub(crate) const REUSE: u64 = 1 << (63 - 44);
    /// Emergency signals.
    pub(crate) const EMERGENCY: u64 = 1 << (63 - 49);
    /// External calls.
    pub(crate) const CALL: u64 = 1 << (63 - 50);
    /// Clock comparator.
    pub(crate) const COMPARATOR: u64 = 1 << (63 - 52);
    /// CPU timer.
    pub(crate) const TIMER: u64 = 1 << (63 - 53);
    /// Service signals.
    pub(crate) const SERVICE: u64 = 1 << (63 - 54);
    /// The interrupt key.
    pub(crate) const KEY: u64 = 1 << (63 - 57);
}

/// Control register 14.
pub(crate) mod cr14 {
    /// Channel reports.
    pub(crate) const CHANNEL_REPORT: u64 = 1 << (63 - 35);
    /// ASN translation.
    pub(crate) const ASN_TRANSLATION: u64 = 1 << (63 - 44);
}
