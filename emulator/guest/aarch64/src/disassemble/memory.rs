//! Loads, stores and atomics as text.

use super::{EXTENDS, Text, register, register_or_sp};
use crate::decode::Format;

/// Cache levels and policies of PRFM's operand.
const PREFETCHES: [&str; 3] = ["pld", "pli", "pst"];

impl Text {
    pub(super) fn memory(&self) -> String {
        use Format::*;
        match self.row.format {
            LoadUnsigned | StoreUnsigned | PrefetchUnsigned => {
                let offset = i64::from(self.w.bits(10, 12)) << self.w.scale();
                format!("{}, {}", self.moved(), self.at_offset(offset))
            }
            LoadSigned | StoreSigned | PrefetchSigned => {
                let indexing = self.w.bits(10, 2);
                format!("{}, {}", self.moved(), self.indexed(indexing, self.w.signed(12, 9)))
            }
            LoadIndex | StoreIndex | PrefetchIndex => {
                format!("{}, {}", self.moved(), self.at_index())
            }
            LoadLiteral | PrefetchLiteral => {
                format!("{}, {}", self.moved(), self.target(self.w.signed(5, 19) << 2))
            }
            LoadPair | StorePair => {
                let offset = self.w.signed(15, 7) << self.w.pair_scale();
                let place = self.indexed(self.w.bits(23, 2), offset);
                format!("{}, {}, {place}", self.moved(), self.r(10))
            }
            _ => self.atomic(),
        }
    }

    /// The mnemonic and what is moved: a register, or what a prefetch is for.
    fn moved(&self) -> String {
        use Format::*;
        let prefetches =
            matches!(self.row.format, PrefetchUnsigned | PrefetchSigned | PrefetchIndex)
                || self.row.format == PrefetchLiteral;
        if !prefetches {
            return format!("{} {}", self.name(), self.r(0));
        }
        let (kind, level) = (self.w.bits(3, 2), self.w.bits(1, 2));
        match PREFETCHES.get(kind as usize).filter(|_| level < 3) {
            Some(kind) => {
                let policy = if self.w.bit(0) { "strm" } else { "keep" };
                format!("{} {kind}l{}{policy}", self.name(), level + 1)
            }
            None => format!("{} #{:#04x}", self.name(), self.w.bits(0, 5)),
        }
    }

    fn base(&self) -> String {
        register_or_sp(self.w.bits(5, 5), true)
    }

    fn at_offset(&self, offset: i64) -> String {
        match offset {
            0 => format!("[{}]", self.base()),
            _ => format!("[{}, #{offset}]", self.base()),
        }
    }

    /// Post-indexed for 1, pre-indexed for 3, else without write-back.
    fn indexed(&self, kind: u32, offset: i64) -> String {
        match kind {
            1 => format!("[{}], #{offset}", self.base()),
            3 => format!("[{}, #{offset}]!", self.base()),
            _ => self.at_offset(offset),
        }
    }

    fn at_index(&self) -> String {
        let w = self.w;
        let (kind, scaled) = (w.bits(13, 3), w.bit(12));
        let index = register(w.bits(16, 5), kind & 1 == 1);
        let extend = match (kind, scaled) {
            (3, false) => String::new(),
            (3, true) => format!(", lsl #{}", w.scale()),
            (_, false) => format!(", {}", EXTENDS[kind as usize]),
            (_, true) => format!(", {} #{}", EXTENDS[kind as usize], w.scale()),
        };
        format!("[{}, {index}{extend}]", self.base())
    }

    /// All that have a base register without offset.
    fn atomic(&self) -> String {
        use Format::*;
        let (name, rt, base) = (self.name(), self.r(0), format!("[{}]", self.base()));
        let status = register(self.w.bits(16, 5), false);
        match self.row.format {
            LoadExclusive | LoadOrdered | StoreOrdered => format!("{name} {rt}, {base}"),
            LoadExclusivePair => format!("{name} {rt}, {}, {base}", self.r(10)),
            StoreExclusive => format!("{name} {status}, {rt}, {base}"),
            StoreExclusivePair => format!("{name} {status}, {rt}, {}, {base}", self.r(10)),
            CompareSwap => {
                let order = self.order(22, 15);
                format!("{} {}, {rt}, {base}", suffixed(name, order), self.r(16))
            }
            CompareSwapPair => {
                let next = |low| register(self.w.bits(low, 5) + 1, self.wide);
                let name = suffixed(name, self.order(22, 15));
                format!("{name} {}, {}, {rt}, {}, {base}", self.r(16), next(16), next(0))
            }
            _ => self.update(),
        }
    }

    /// An atomic update; one that discards the old value is called a store, unless it acquires.
    fn update(&self) -> String {
        let (name, order) = (self.name(), self.order(23, 22));
        let (rs, base) = (self.r(16), format!("[{}]", self.base()));
        match name.strip_prefix("ld") {
            Some(operation) if self.is_31(0) && !self.w.bit(23) => {
                format!("{} {rs}, {base}", suffixed(&format!("st{operation}"), order))
            }
            _ => format!("{} {rs}, {}, {base}", suffixed(name, order), self.r(0)),
        }
    }

    /// The suffix for the acquire and release bits.
    fn order(&self, acquire: u32, release: u32) -> &'static str {
        match (self.w.bit(acquire), self.w.bit(release)) {
            (false, false) => "",
            (true, false) => "a",
            (false, true) => "l",
            (true, true) => "al",
        }
    }
}

/// The order's suffix comes before that of the size.
fn suffixed(name: &str, order: &str) -> String {
    match name.strip_suffix(['b', 'h']) {
        // SWP, CAS and CASP end in neither; LDSUB does not exist.
        Some(operation) => format!("{operation}{order}{}", &name[operation.len()..]),
        None => format!("{name}{order}"),
    }
}
