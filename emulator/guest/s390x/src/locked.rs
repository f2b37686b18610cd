//! PERFORM LOCKED OPERATION (Principles of Operation, chapter 7).
//!
//! A comparison with storage that decides over up to four loads or stores, in 24 functions: six operations, each on words,
//! on doublewords in a parameter list, on doublewords in registers, and on quadwords in a parameter list. Nothing else runs in
//! between, so the lock itself, whose token is in general register 1, is not needed.

use lockstep_cpu::{Access, Cx, Exit};

use crate::exceptions::{code, program};
use crate::long::set_cc;
use crate::storage::{self, Span};
use crate::timing_ops::aligned;
use crate::{S390x, Text, access_registers, psw, reg};

type Helped = Result<u64, Exit<S390x>>;

/// Function codes there are.
const FUNCTIONS: u64 = 24;
/// Bits 32 to 54 of general register 0, which are zero.
const RESERVED: u64 = 0xffff_fe00;
/// General register 0 asks whether a function is there.
const TEST: u64 = 0x100;

/// The operations, in the order of their function codes.
mod operation {
    pub(super) const COMPARE_AND_LOAD: u64 = 0;
    pub(super) const COMPARE_AND_SWAP: u64 = 1;
    pub(super) const DOUBLE_COMPARE_AND_SWAP: u64 = 2;
    /// With one store; the next two operations have two and three.
    pub(super) const SWAP_AND_STORE: u64 = 3;
}

/// Places in the parameter list. An operand is at the end of its 16 bytes, an address has 8.
mod list {
    pub(super) const COMPARED: u64 = 0;
    pub(super) const REPLACEMENT: u64 = 16;
    /// What the double comparison compares, and what a load loads.
    pub(super) const THIRD_COMPARED: u64 = 32;
    pub(super) const THIRD: u64 = 48;
    /// From one stored operand, and from the address it goes to, to the next.
    pub(super) const STRIDE: u64 = 32;
    pub(super) const FOURTH_ADDRESS: u64 = 72;
}

/// One execution.
struct Operation {
    /// Bytes of an operand.
    width: u64,
    /// The first and third operand are in registers.
    in_registers: bool,
    r1: usize,
    r3: usize,
    /// The fourth operand's address, or that of the parameter list.
    fourth: u64,
    text: u64,
}

/// General register 0 has the function code, or asks whether one is there.
pub(crate) fn perform(cx: &mut Cx<S390x>, [second, fourth, text]: [u64; 3]) -> Helped {
    let control = cx.cpu.regs[0];
    let function = control & 0xff;
    if control & RESERVED != 0 {
        return Err(program(code::SPECIFICATION));
    }
    if control & TEST != 0 {
        set_cc(cx, if function < FUNCTIONS { 0 } else { 3 });
        return Ok(0);
    }
    if function >= FUNCTIONS {
        return Err(program(code::SPECIFICATION));
    }
    let (kind, form) = (function >> 2, function & 3);
    let operation = Operation {
        width: [4, 8, 8, 16][form as usize],
        in_registers: form & 1 == 0,
        r1: Text(text).nibble(2).into(),
        r3: Text(text).nibble(3).into(),
        fourth,
        text,
    };
    operation.check(kind, second, cx.cpu.sys.mask)?;
    operation.run(cx, kind, second)
}

impl Operation {
    /// Specification exceptions that depend on nothing in storage.
    fn check(&self, kind: u64, second: u64, mask: u64) -> Result<(), Exit<S390x>> {
        let pairs = match kind {
            operation::COMPARE_AND_LOAD => 0,
            operation::DOUBLE_COMPARE_AND_SWAP => self.r1 | self.r3,
            _ => self.r1,
        };
        // In access-register mode the third register's access register is loaded from the list.
        let unnamed =
            psw::uses_access_registers(mask) && self.lists_addresses(kind) && self.r3 == 0;
        if self.in_registers && pairs & 1 != 0 || unnamed {
            return Err(program(code::SPECIFICATION));
        }
        aligned(second, self.width)?;
        if self.uses_list(kind) { aligned(self.fourth, 8) } else { Ok(()) }
    }

    /// Whether the instruction's second address is that of a parameter list.
    fn uses_list(&self, kind: u64) -> bool {
        !self.in_registers || kind > operation::SWAP_AND_STORE
    }

    /// Whether addresses of operands are in the parameter list.
    fn lists_addresses(&self, kind: u64) -> bool {
        match kind {
            operation::COMPARE_AND_SWAP => false,
            operation::COMPARE_AND_LOAD | operation::DOUBLE_COMPARE_AND_SWAP => !self.in_registers,
            _ => self.uses_list(kind),
        }
    }

    fn run(&self, cx: &mut Cx<S390x>, kind: u64, second: u64) -> Helped {
        let compared = self.operand(cx, self.r1, list::COMPARED)?;
        let access =
            if kind == operation::COMPARE_AND_LOAD { Access::Read } else { Access::Update };
        storage::first(cx, self.text);
        let target = storage::span(cx, second, self.width as u32, access)?;
        let found = self.value(cx, &target);
        if found != compared {
            self.put(cx, self.r1, list::COMPARED, found)?;
            set_cc(cx, 1);
            return Ok(0);
        }
        match kind {
            operation::COMPARE_AND_LOAD => self.load(cx),
            operation::COMPARE_AND_SWAP => self.swap(cx, &target),
            operation::DOUBLE_COMPARE_AND_SWAP => self.swap_double(cx, &target),
            _ => self.swap_and_store(cx, &target, kind - operation::SWAP_AND_STORE + 1),
        }?;
        Ok(0)
    }

    fn value(&self, cx: &Cx<S390x>, span: &Span) -> u128 {
        let mut bytes = [0; 16];
        span.read(cx, &mut bytes[16 - self.width as usize..]);
        u128::from_be_bytes(bytes)
    }

    fn store(&self, cx: &mut Cx<S390x>, span: &Span, value: u128) {
        span.write(cx, &value.to_be_bytes()[16 - self.width as usize..]);
    }

    /// The span of an operand in the parameter list.
    fn in_list(&self, cx: &mut Cx<S390x>, slot: u64, access: Access) -> Result<Span, Exit<S390x>> {
        let place = self.fourth.wrapping_add(slot + 16 - self.width);
        storage::second(cx, self.text);
        storage::span(cx, place, self.width as u32, access)
    }

    /// A value in a register or in the parameter list.
    fn operand(&self, cx: &mut Cx<S390x>, r: usize, slot: u64) -> Result<u128, Exit<S390x>> {
        if self.in_registers {
            let mask = u64::MAX >> (64 - 8 * self.width);
            return Ok((cx.cpu.regs[r] & mask).into());
        }
        let span = self.in_list(cx, slot, Access::Read)?;
        Ok(self.value(cx, &span))
    }

    fn put(&self, cx: &mut Cx<S390x>, r: usize, slot: u64, value: u128) -> Result<(), Exit<S390x>> {
        if self.in_registers {
            let keep = if self.width == 4 { !0xffff_ffff } else { 0 };
            cx.cpu.regs[r] = cx.cpu.regs[r] & keep | value as u64;
            return Ok(());
        }
        let span = self.in_list(cx, slot, Access::Write)?;
        self.store(cx, &span, value);
        Ok(())
    }

    /// The place of the fourth, sixth or eighth operand.
    fn place(
        &self,
        cx: &mut Cx<S390x>,
        listed: bool,
        number: u64,
        access: Access,
    ) -> Result<Span, Exit<S390x>> {
        let mut address = self.fourth;
        storage::second(cx, self.text);
        if listed {
            let mut bytes = [0; 8];
            let at = self.fourth.wrapping_add(list::FOURTH_ADDRESS + list::STRIDE * number);
            storage::fetch(cx, at, &mut bytes)?;
            address = storage::wrap(cx, u64::from_be_bytes(bytes));
            self.name_space(cx, at)?;
        }
        aligned(address, self.width)?;
        storage::span(cx, address, self.width as u32, access)
    }

    /// In access-register mode, the token of an operand is before its address.
    fn name_space(&self, cx: &mut Cx<S390x>, address_at: u64) -> Result<(), Exit<S390x>> {
        if psw::uses_access_registers(cx.cpu.sys.mask) {
            let mut token = [0; 4];
            storage::fetch(cx, address_at.wrapping_sub(4), &mut token)?;
            let register = usize::from(reg::ACCESS) + self.r3;
            cx.cpu.regs[register] = u32::from_be_bytes(token).into();
            access_registers::operand(cx, self.r3 as u8);
        }
        Ok(())
    }

    /// The third operand becomes the fourth.
    fn load(&self, cx: &mut Cx<S390x>) -> Result<(), Exit<S390x>> {
        let source = self.place(cx, !self.in_registers, 0, Access::Read)?;
        let value = self.value(cx, &source);
        self.put(cx, self.r3, list::THIRD_COMPARED, value)?;
        set_cc(cx, 0);
        Ok(())
    }

    fn swap(&self, cx: &mut Cx<S390x>, target: &Span) -> Result<(), Exit<S390x>> {
        let new = self.operand(cx, self.r1 | 1, list::REPLACEMENT)?;
        self.store(cx, target, new);
        set_cc(cx, 0);
        Ok(())
    }

    fn swap_double(&self, cx: &mut Cx<S390x>, target: &Span) -> Result<(), Exit<S390x>> {
        let compared = self.operand(cx, self.r3, list::THIRD_COMPARED)?;
        let other = self.place(cx, !self.in_registers, 0, Access::Update)?;
        let found = self.value(cx, &other);
        if found != compared {
            self.put(cx, self.r3, list::THIRD_COMPARED, found)?;
            set_cc(cx, 2);
            return Ok(());
        }
        let new = self.operand(cx, self.r1 | 1, list::REPLACEMENT)?;
        let second = self.operand(cx, self.r3 | 1, list::THIRD)?;
        self.store(cx, &other, second);
        self.store(cx, target, new);
        set_cc(cx, 0);
        Ok(())
    }

    /// Stores one to three operands besides; where all of them go is known before anything is stored.
    fn swap_and_store(
        &self,
        cx: &mut Cx<S390x>,
        target: &Span,
        stores: u64,
    ) -> Result<(), Exit<S390x>> {
        let new = self.operand(cx, self.r1 | 1, list::REPLACEMENT)?;
        let listed = !self.in_registers || stores > 1;
        let mut writes = Vec::with_capacity(3);
        for number in 0..stores {
            let value = if listed {
                let slot = list::THIRD + list::STRIDE * number;
                let span = self.in_list(cx, slot, Access::Read)?;
                self.value(cx, &span)
            } else {
                self.operand(cx, self.r3, list::THIRD)?
            };
            writes.push((self.place(cx, listed, number, Access::Write)?, value));
        }
        for (place, value) in writes {
            self.store(cx, &place, value);
        }
        self.store(cx, target, new);
        set_cc(cx, 0);
        Ok(())
    }
}
