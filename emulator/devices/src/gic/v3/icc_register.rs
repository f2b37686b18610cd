//! The registers of the CPU interface, which version 3 has in the processor's system register space.

/// A system register of the CPU interface. With five bits of priority there is one active-priorities register a
/// group; encodings of others are undefined, as [`IccRegister::decode`] says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is named like its register, less ICC_ and _EL1")]
pub enum IccRegister {
    Pmr,
    Iar0,
    Eoir0,
    Hppir0,
    Bpr0,
    Ap0r0,
    Ap1r0,
    Dir,
    Rpr,
    Sgi1r,
    Asgi1r,
    Sgi0r,
    Iar1,
    Eoir1,
    Hppir1,
    Bpr1,
    Ctlr,
    Sre,
    Igrpen0,
    Igrpen1,
}

/// Which accesses a register has; the other kind is undefined.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Access {
    Read,
    Write,
    Both,
}

use Access::{Both, Read, Write};
use IccRegister as R;

/// CRn, CRm and op2 of every register, in the order of [`IccRegister`]; op0 is 3 and op1 is 0.
const TABLE: [(IccRegister, [u8; 3], Access); 20] = [
    (R::Pmr, [4, 6, 0], Both),
    (R::Iar0, [12, 8, 0], Read),
    (R::Eoir0, [12, 8, 1], Write),
    (R::Hppir0, [12, 8, 2], Read),
    (R::Bpr0, [12, 8, 3], Both),
    (R::Ap0r0, [12, 8, 4], Both),
    (R::Ap1r0, [12, 9, 0], Both),
    (R::Dir, [12, 11, 1], Write),
    (R::Rpr, [12, 11, 3], Read),
    (R::Sgi1r, [12, 11, 5], Write),
    (R::Asgi1r, [12, 11, 6], Write),
    (R::Sgi0r, [12, 11, 7], Write),
    (R::Iar1, [12, 12, 0], Read),
    (R::Eoir1, [12, 12, 1], Write),
    (R::Hppir1, [12, 12, 2], Read),
    (R::Bpr1, [12, 12, 3], Both),
    (R::Ctlr, [12, 12, 4], Both),
    (R::Sre, [12, 12, 5], Both),
    (R::Igrpen0, [12, 12, 6], Both),
    (R::Igrpen1, [12, 12, 7], Both),
];

impl IccRegister {
    /// The register with op0 3, op1 0 and these, if there is one.
    #[must_use]
    pub fn decode(crn: u8, crm: u8, op2: u8) -> Option<Self> {
        TABLE.iter().find(|row| row.1 == [crn, crm, op2]).map(|row| row.0)
    }

    /// CRn, CRm and op2.
    #[must_use]
    pub const fn encoding(self) -> [u8; 3] {
        TABLE[self as usize].1
    }

    /// Whether MRS has a meaning.
    #[must_use]
    pub fn readable(self) -> bool {
        TABLE[self as usize].2 != Write
    }

    /// Whether MSR has a meaning.
    #[must_use]
    pub fn writable(self) -> bool {
        TABLE[self as usize].2 != Read
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Catches a table out of step with the enumeration, or two registers with one encoding.
    #[test]
    fn table_is_in_order_and_unambiguous() {
        for (number, (register, [crn, crm, op2], _)) in TABLE.into_iter().enumerate() {
            assert_eq!(register as usize, number);
            assert_eq!(IccRegister::decode(crn, crm, op2), Some(register));
            assert_eq!(register.encoding(), [crn, crm, op2]);
        }
        assert_eq!(IccRegister::decode(12, 8, 5), None, "AP0R1 does not exist");
        assert!(!R::Iar1.writable() && !R::Eoir1.readable() && R::Pmr.writable());
    }
}
