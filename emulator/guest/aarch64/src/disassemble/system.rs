//! System instructions as text.

use super::{Text, register};
use crate::decode::Format;

impl Text {
    pub(super) fn system(&self) -> String {
        use Format::*;
        let (w, name) = (self.w, self.name());
        match self.row.format {
            PermanentlyUndefined => format!("udf #{}", w.bits(0, 16)),
            Exception => format!("{name} #{:#x}", w.bits(5, 16)),
            Hint => format!("hint #{:#x}", w.bits(5, 7)),
            Barrier => format!("{name} #{:#x}", w.bits(8, 4)),
            SystemImmediate => format!("msr pstate"),
            RegisterRead => format!("mrs {}, {}", self.r(0), self.system_register()),
            RegisterWrite => format!("msr {}, {}", self.system_register(), self.r(0)),
            SystemRead => format!("sysl {}, {}", self.r(0), self.operation()),
            _ if self.is_31(0) => format!("sys {}", self.operation()),
            _ => format!("sys {}, {}", self.operation(), register(w.bits(0, 5), true)),
        }
    }

    fn system_register(&self) -> String {
        let w = self.w;
        let (op0, op1, op2) = (w.bits(19, 2), w.bits(16, 3), w.bits(5, 3));
        format!("s{op0}_{op1}_c{}_c{}_{op2}", w.bits(12, 4), w.bits(8, 4))
    }

    fn operation(&self) -> String {
        let w = self.w;
        let (op1, op2) = (w.bits(16, 3), w.bits(5, 3));
        format!("#{op1}, C{}, C{}, #{op2}", w.bits(12, 4), w.bits(8, 4))
    }
}
