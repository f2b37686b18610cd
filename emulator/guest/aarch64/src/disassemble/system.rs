//! System instructions as text.

use super::{Text, names, register};
use crate::decode::Format;

/// Options of DMB and DSB.
const DOMAINS: [Option<&str>; 16] = [
    None,
    Some("oshld"),
    Some("oshst"),
    Some("osh"),
    None,
    Some("nshld"),
    Some("nshst"),
    Some("nsh"),
    None,
    Some("ishld"),
    Some("ishst"),
    Some("ish"),
    None,
    Some("ld"),
    Some("st"),
    Some("sy"),
];

impl Text {
    pub(super) fn system(&self) -> String {
        use Format::*;
        let (w, name) = (self.w, self.name());
        match self.row.format {
            PermanentlyUndefined => format!("udf #{}", w.bits(0, 16)),
            Exception => format!("{name} #{:#x}", w.bits(5, 16)),
            Hint => {
                let number = w.bits(5, 7);
                names::hint(number as u16)
                    .map_or_else(|| format!("hint #{number:#x}"), str::to_owned)
            }
            Barrier => self.barrier(),
            SystemImmediate => self.state_immediate(),
            RegisterRead => format!("mrs {}, {}", self.r(0), self.system_register()),
            RegisterWrite => format!("msr {}, {}", self.system_register(), self.r(0)),
            SystemRead => format!("sysl {}, {}", self.r(0), self.operation()),
            _ => self.system_operation(),
        }
    }

    /// Op0 to op2, packed.
    fn encoding(&self) -> u16 {
        self.w.bits(5, 16) as u16
    }

    fn barrier(&self) -> String {
        let option = self.w.bits(8, 4);
        match (self.name(), DOMAINS[option as usize]) {
            ("clrex" | "isb", Some("sy")) => self.name().to_owned(),
            ("clrex" | "isb", _) => format!("{} #{option:#x}", self.name()),
            // Their names since speculation has one.
            ("dsb", None) if option == 0 => "ssbb".to_owned(),
            ("dsb", None) if option == 4 => "pssbb".to_owned(),
            (name, Some(domain)) => format!("{name} {domain}"),
            (name, None) => format!("{name} #{option:#04x}"),
        }
    }

    /// MSR to a field of PSTATE; the encodings of fields that are not there print as the register that they would be.
    fn state_immediate(&self) -> String {
        let (w, value) = (self.w, self.w.bits(8, 4));
        let field = match (w.bits(16, 3), w.bits(5, 3)) {
            (0, 4) if value < 2 => "pan",
            (0, 5) if value < 2 => "spsel",
            (3, 6) => "daifset",
            (3, 7) => "daifclr",
            _ => return format!("msr {}, xzr", self.generic_register()),
        };
        format!("msr {field}, #{value:#x}")
    }

    fn system_register(&self) -> String {
        names::register(self.encoding()).map_or_else(|| self.generic_register(), str::to_owned)
    }

    fn generic_register(&self) -> String {
        let w = self.w;
        let (op0, op1, op2) = (w.bits(19, 2), w.bits(16, 3), w.bits(5, 3));
        format!("s{op0}_{op1}_c{}_c{}_{op2}", w.bits(12, 4), w.bits(8, 4))
    }

    fn operation(&self) -> String {
        let w = self.w;
        let (op1, op2) = (w.bits(16, 3), w.bits(5, 3));
        format!("#{op1}, C{}, C{}, #{op2}", w.bits(12, 4), w.bits(8, 4))
    }

    fn system_operation(&self) -> String {
        let rt = register(self.w.bits(0, 5), true);
        match names::operation(self.encoding()) {
            // Operations on everything have no operand.
            Some(name) if name.contains("all") => name.to_owned(),
            Some(name) => format!("{name}, {rt}"),
            None if self.is_31(0) => format!("sys {}", self.operation()),
            None => format!("sys {}, {rt}", self.operation()),
        }
    }
}
