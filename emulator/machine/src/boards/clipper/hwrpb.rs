//! What the console leaves in memory for an operating system: the hardware restart parameter block, with all that it
//! points to, and the page tables of the bootstrap.
//!
//! Alpha Architecture Handbook, version 4, part III: section 2.1 (HWRPB), 2.2 (environment), 2.3 (routines), 3.4
//! (bootstrap), and appendix D of the OSF/1 part for the processors' slots.

use lockstep_log::MachineRecord;
use lockstep_memory::{OutOfRange, PhysMem};

use super::{CYCLE_FREQUENCY, TICK_FREQUENCY};

/// Bits of an offset in a page.
pub(super) const PAGE_SHIFT: u32 = 13;
const PAGE: u64 = 1 << PAGE_SHIFT;

/// The console's memory, which is not the operating system's: the first two megabytes.
pub(super) const CONSOLE_END: u64 = 2 << 20;
/// The HWRPB: two pages, and behind them one with the console's routines. The console maps all three.
const HWRPB: u64 = 0x2000;
/// Bytes of the HWRPB.
const HWRPB_SIZE: u64 = 2 * PAGE;
/// The page with the console's routines.
const ROUTINES: u64 = HWRPB + HWRPB_SIZE;
/// Pages that the console maps.
const MAPPED_PAGES: u64 = 3;
/// The first-level page table of the bootstrap.
pub(super) const L1: u64 = 0x8000;
const L2: u64 = 0xa000;
const L3: u64 = 0xc000;
/// The end of the stack that an image starts on: two pages.
pub(super) const STACK_END: u64 = 0x1_2000;

/// The processors' logout areas, in a page behind the stack.
const LOGOUT: u64 = STACK_END;
/// Bytes from one to the next.
const LOGOUT_STRIDE: u64 = 0x400;

/// Where the console maps the HWRPB.
const HWRPB_VIRTUAL: u64 = 0x1000_0000;
/// Where the page tables are in virtual memory: the second entry of the first level is the table itself.
pub(super) const VPTB: u64 = 0x2_0000_0000;
/// A page that only the kernel may read and write, in every address space: valid, ASM, KRE, KWE.
const PAGE_KERNEL: u64 = 0x1111;

/// In the page of routines: the procedure descriptors.
const DISPATCH_DESCRIPTOR: u64 = 0x00;
const FIXUP_DESCRIPTOR: u64 = 0x20;
/// In the page of routines: the code of DISPATCH and FIXUP.
pub(super) const DISPATCH: u64 = 0x100;
/// The code of FIXUP.
pub(super) const FIXUP: u64 = 0x140;

// Offsets in the HWRPB of what it points to.
const SLOTS: u64 = 0x200;
/// Bytes of a processor's slot.
pub(super) const SLOT_SIZE: u64 = 0x280;
const TERMINALS: u64 = 0x2000;
const TERMINAL_SIZE: u64 = 0x160;
const ROUTINE_BLOCK: u64 = 0x2200;
const MEMORY: u64 = 0x2300;
const RECOGNITION: u64 = 0x2400;

/// System type: Tsunami.
const SYSTEM_TYPE: u64 = 34;
/// System variation: Clipper, at bit 10; and that there is an embedded console, at bit 1.
const SYSTEM_VARIATION: u64 = 5 << 10 | 1 << 1;
/// What the machine is called.
const SYSTEM_NAME: &[u8] = b"Lockstep Clipper";
/// The serial number: 16 bytes.
const SERIAL: [u8; 16] = *b"LOCKSTEP\0\0\0\0\0\0\0\0";
/// Processor type: EV67.
const PROCESSOR_TYPE: u64 = 11;
/// Processor variation: VAX and IEEE floating point, may be primary.
const PROCESSOR_VARIATION: u64 = 7;
/// Revision of PALcode: variation 2 (OSF/1), version 1.98.
const PALCODE: u64 = 2 << 16 | 1 << 8 | 98;
/// Physical address bits of an EV67.
const PHYSICAL_BITS: u64 = 44;
/// The highest address space number.
const MOST_ASN: u64 = 255;

/// Flags of a slot: bootstrap in progress, restart capable, available, present, context, PALcode valid, PALcode memory
/// valid, PALcode loaded.
const SLOT_FLAGS: u64 = 0x1cf;
/// In a slot: its flags.
const SLOT_FLAGS_OFFSET: u64 = 0x80;

/// The superpage's address of a physical one.
pub(super) const fn superpage(physical: u64) -> u64 {
    0xffff_fc00_0000_0000 | physical
}

/// The physical address of a processor's slot, at the beginning of which is its control block.
pub(super) const fn slot(number: u16) -> u64 {
    HWRPB + SLOTS + number as u64 * SLOT_SIZE
}

/// The physical address of a processor's logout area.
pub(super) const fn logout_area(number: u16) -> u64 {
    LOGOUT + number as u64 * LOGOUT_STRIDE
}

/// What a halted processor asks for, in its slot's flags: the console's action at a halt.
pub(super) fn halt_request(mem: &PhysMem, number: u16) -> u8 {
    mem.read::<8>(slot(number) + SLOT_FLAGS_OFFSET).map_or(0, |flags| flags[2])
}

/// A writer of 64-bit words into a page or two.
struct Words(Vec<u8>);

impl Words {
    fn new(len: u64) -> Self {
        Self(vec![0; len as usize])
    }

    fn put(&mut self, offset: u64, words: &[u64]) {
        for (place, word) in (offset as usize..).step_by(8).zip(words) {
            self.0[place..place + 8].copy_from_slice(&word.to_le_bytes());
        }
    }

    fn bytes(&mut self, offset: u64, bytes: &[u8]) {
        self.0[offset as usize..offset as usize + bytes.len()].copy_from_slice(bytes);
    }

    /// The sum of the words from `from` up to `to`.
    fn sum(&self, from: u64, to: u64) -> u64 {
        let words = self.0[from as usize..to as usize].chunks_exact(8);
        words.fold(0, |sum, word| sum.wrapping_add(word.try_into().map_or(0, u64::from_le_bytes)))
    }
}

/// Writes everything that the console leaves in memory.
pub(super) fn write(record: &MachineRecord, mem: &mut PhysMem) -> Result<(), OutOfRange> {
    mem.write_bytes(HWRPB, &block(record))?;
    mem.write_bytes(ROUTINES, &routines())?;
    write_page_tables(mem)
}

/// The HWRPB (table 2-1 of the handbook, part III).
fn block(record: &MachineRecord) -> Vec<u8> {
    const CHECKSUM: u64 = 0x120;
    let processors = u64::from(record.vcpus);
    let mut words = Words::new(HWRPB_SIZE);
    words.put(0x00, &[HWRPB, u64::from_le_bytes(*b"HWRPB\0\0\0"), 14, HWRPB_SIZE]);
    words.put(0x20, &[0, PAGE, PHYSICAL_BITS, MOST_ASN]);
    words.bytes(0x40, &SERIAL);
    words.put(0x50, &[SYSTEM_TYPE, SYSTEM_VARIATION, u64::from_le_bytes(*b"1.0\0\0\0\0\0")]);
    words.put(0x68, &[TICK_FREQUENCY << 12, CYCLE_FREQUENCY, VPTB]);
    words.put(0x90, &[processors, SLOT_SIZE, SLOTS]);
    words.put(0xa8, &[1, TERMINAL_SIZE, TERMINALS, ROUTINE_BLOCK, MEMORY]);
    words.put(0x138, &[RECOGNITION]);
    for number in 0..processors {
        write_slot(&mut words, SLOTS + number * SLOT_SIZE);
    }
    // One terminal: a serial line.
    words.put(TERMINALS, &[2, 0, 0, TERMINAL_SIZE - 32]);
    words.put(TERMINALS + 56, &[2]);
    write_routine_block(&mut words);
    write_memory(&mut words, record.memory);
    write_recognition(&mut words);
    let checksum = words.sum(0, CHECKSUM);
    words.put(CHECKSUM, &[checksum]);
    words.0
}

/// A processor's slot.
fn write_slot(words: &mut Words, at: u64) {
    // The control block that a bootstrapped image starts with: stack, page table, floating point enabled.
    words.put(at, &[superpage(STACK_END), 0, L1 >> PAGE_SHIFT, 0, 0, 1]);
    words.put(at + SLOT_FLAGS_OFFSET, &[SLOT_FLAGS]);
    words.put(at + 0xa8, &[PALCODE, PROCESSOR_TYPE, PROCESSOR_VARIATION]);
    // The revision that is loaded is the one of OSF/1 among those that are there.
    words.put(at + 0x1d0 + 2 * 8, &[PALCODE]);
}

/// The console routine block: where DISPATCH and FIXUP are, and what the console has mapped.
fn write_routine_block(words: &mut Words) {
    let virtual_page = HWRPB_VIRTUAL + (ROUTINES - HWRPB);
    words.put(
        ROUTINE_BLOCK,
        &[
            virtual_page + DISPATCH_DESCRIPTOR,
            ROUTINES + DISPATCH_DESCRIPTOR,
            virtual_page + FIXUP_DESCRIPTOR,
            ROUTINES + FIXUP_DESCRIPTOR,
            1,
            MAPPED_PAGES,
            HWRPB_VIRTUAL,
            HWRPB,
            MAPPED_PAGES,
        ],
    );
}

/// The memory data descriptor table: the console's cluster, and the system's.
fn write_memory(words: &mut Words, memory: u64) {
    let console = CONSOLE_END >> PAGE_SHIFT;
    let rest = (memory >> PAGE_SHIFT) - console;
    words.put(MEMORY + 8, &[0, 2]);
    words.put(MEMORY + 24, &[0, console, console, 0, 0, 0, 1]);
    words.put(MEMORY + 80, &[console, rest, rest, 0, 0, 0, 0]);
    let checksum = words.sum(MEMORY + 8, MEMORY + 136);
    words.put(MEMORY, &[checksum]);
}

/// The dynamic system recognition block: the machine's name.
fn write_recognition(words: &mut Words) {
    const LICENCES: u64 = 24;
    const NAME: u64 = LICENCES + 8 * 8;
    words.put(RECOGNITION, &[1090, LICENCES, NAME]);
    words.put(RECOGNITION + NAME, &[SYSTEM_NAME.len() as u64 + 1]);
    words.bytes(RECOGNITION + NAME + 8, SYSTEM_NAME);
}

/// The page of routines: descriptors, and code that hands over to the emulator.
fn routines() -> Vec<u8> {
    const RET: u32 = 0x6bfa_8001;
    let mut words = Words::new(PAGE);
    let virtual_page = HWRPB_VIRTUAL + (ROUTINES - HWRPB);
    for (descriptor, code) in [(DISPATCH_DESCRIPTOR, DISPATCH), (FIXUP_DESCRIPTOR, FIXUP)] {
        words.put(descriptor, &[0, virtual_page + code]);
        words.bytes(code, &lockstep_alpha::CALLBACK.to_le_bytes());
        words.bytes(code + 4, &RET.to_le_bytes());
    }
    words.0
}

/// Moves the routines to where `base` will be mapped: the descriptors have to point there.
pub(super) fn fix_up(mem: &mut PhysMem, base: u64) -> Result<(), OutOfRange> {
    let page = base.wrapping_add(ROUTINES - HWRPB);
    for (descriptor, code) in [(DISPATCH_DESCRIPTOR, DISPATCH), (FIXUP_DESCRIPTOR, FIXUP)] {
        let address = page.wrapping_add(code).to_le_bytes();
        mem.write_bytes(ROUTINES + descriptor + 8, &address)?;
    }
    Ok(())
}

fn write_page_tables(mem: &mut PhysMem) -> Result<(), OutOfRange> {
    let entry = |physical: u64| (physical >> PAGE_SHIFT << 32 | PAGE_KERNEL).to_le_bytes();
    let index = |address: u64, level: u32| address >> (PAGE_SHIFT + 10 * level) & 0x3ff;
    mem.write_bytes(L1 + 8 * index(HWRPB_VIRTUAL, 2), &entry(L2))?;
    mem.write_bytes(L1 + 8 * index(VPTB, 2), &entry(L1))?;
    mem.write_bytes(L2 + 8 * index(HWRPB_VIRTUAL, 1), &entry(L3))?;
    for page in 0..MAPPED_PAGES {
        let place = L3 + 8 * (index(HWRPB_VIRTUAL, 0) + page);
        mem.write_bytes(place, &entry(HWRPB + page * PAGE))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use lockstep_memory::RegionKind;

    fn memory() -> PhysMem {
        let mut mem = PhysMem::default();
        mem.add_region(0, 64 << 20, RegionKind::Ram);
        let record = MachineRecord { memory: 64 << 20, ..MachineRecord::default() };
        write(&record, &mut mem).unwrap();
        mem
    }

    fn word(mem: &PhysMem, at: u64) -> u64 {
        mem.read::<8>(at).map_or(0, u64::from_le_bytes)
    }

    /// Catches checksums that a careful operating system refuses, and tables that overlap or lie elsewhere.
    #[test]
    fn the_block_is_consistent() {
        let mem = memory();
        let sum = |from: u64, to: u64| {
            (from..to).step_by(8).fold(0u64, |sum, at| sum.wrapping_add(word(&mem, at)))
        };
        assert_eq!(word(&mem, HWRPB), HWRPB);
        assert_eq!(&mem.read::<8>(HWRPB + 8).unwrap(), b"HWRPB\0\0\0");
        assert_eq!(word(&mem, HWRPB + 0x120), sum(HWRPB, HWRPB + 0x120));
        let clusters = HWRPB + word(&mem, HWRPB + 0xc8);
        assert_eq!(word(&mem, clusters), sum(clusters + 8, clusters + 24 + 2 * 56));
        assert_eq!(word(&mem, clusters + 80) + word(&mem, clusters + 88), (64 << 20) / PAGE);
        const { assert!(lockstep_alpha::LOGOUT_SIZE <= LOGOUT_STRIDE) };
        const { assert!(logout_area(3) + LOGOUT_STRIDE <= CONSOLE_END) };
        const { assert!(SLOTS + 4 * SLOT_SIZE <= TERMINALS) };
        const { assert!(TERMINALS + TERMINAL_SIZE <= ROUTINE_BLOCK) };
    }

    /// Catches page tables under which an operating system does not find the block or the tables themselves.
    #[test]
    fn the_bootstrap_is_mapped() {
        let mut mem = memory();
        let sys = lockstep_alpha::Sys { ptbr: L1 >> PAGE_SHIFT, ..Default::default() };
        let find = |mem: &PhysMem, address| lockstep_alpha::translate(mem, &sys, address);
        assert_eq!(find(&mem, 0x1000_0008), Some(HWRPB + 8));
        assert_eq!(find(&mem, VPTB + (0x1000_0000 >> 13) * 8), Some(L3));
        let block = HWRPB + ROUTINE_BLOCK;
        let descriptor = find(&mem, word(&mem, block)).unwrap();
        assert_eq!(descriptor, word(&mem, block + 8));
        assert_eq!(find(&mem, word(&mem, descriptor + 8)), Some(ROUTINES + DISPATCH));
        fix_up(&mut mem, 0xffff_fe00_0000_0000).unwrap();
        let moved = 0xffff_fe00_0000_0000 + 2 * PAGE + DISPATCH;
        assert_eq!(word(&mem, descriptor + 8), moved);
    }
}
