//! How memory is accessed.

/// Bytes in an access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "named by their length")]
pub enum Size {
    B1 = 1,
    B2 = 2,
    B4 = 4,
    B8 = 8,
}

impl Size {
    /// The number of bytes.
    #[must_use]
    pub const fn bytes(self) -> u64 {
        self as u64
    }

    /// The number of bits.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self as u32 * 8
    }
}

/// A permission bit of a TLB entry: stores are allowed, but [`crate::Guest::check_guarded`] is asked about each of them.
/// For pages that have protected parts.
pub const GUARDED: u16 = 8;

/// What an access does, as page permissions see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Load.
    Read = 1,
    /// Store.
    Write = 2,
    /// Instruction fetch.
    Execute = 4,
    /// An atomic update: needs both permissions, and faults as a store when it lacks any.
    Update = 3,
}

impl Access {
    /// The permission bits that the access needs: read 1, write 2, execute 4.
    #[must_use]
    pub const fn needs(self) -> u16 {
        self as u16
    }

    /// What must be so among an entry's permission bits for an access to go ahead without asking anybody: the
    /// bits to look at. Those of [`Access::needs`] must be set, and [`GUARDED`] must not.
    #[must_use]
    pub(crate) const fn looks_at(self) -> u16 {
        if self.writes() { self.needs() | GUARDED } else { self.needs() }
    }

    /// Whether a fault is reported as one of a store.
    #[must_use]
    pub const fn writes(self) -> bool {
        matches!(self, Self::Write | Self::Update)
    }
}

/// A data access as an instruction makes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mem {
    /// Bytes.
    pub size: Size,
    /// The instruction insists on natural alignment.
    pub aligned: bool,
    /// Made with the permissions of user mode, whatever the mode is.
    pub user: bool,
    /// Part of an atomic update: the load already needs permission to write.
    pub update: bool,
}

impl Mem {
    /// A plain access of `size`.
    #[must_use]
    pub const fn plain(size: Size) -> Self {
        Self { size, aligned: false, user: false, update: false }
    }

    /// This access, insisting on alignment.
    #[must_use]
    pub const fn aligned(self) -> Self {
        Self { aligned: true, ..self }
    }

    /// This access, as user mode would make it.
    #[must_use]
    pub const fn as_user(self) -> Self {
        Self { user: true, ..self }
    }

    /// This access, as part of an atomic update (which insists on alignment).
    #[must_use]
    pub const fn update(self) -> Self {
        Self { update: true, aligned: true, ..self }
    }
}
