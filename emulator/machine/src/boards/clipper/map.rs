//! Addresses and interrupts of the `clipper` board.
//!
//! Physical addresses: Tsunami/Typhoon 21272 Chipset Hardware Reference Manual, DS-0025A-TE, section 10.1, "System
//! address mapping". Ports and IRQ numbers are those of every ISA machine.

use lockstep_cpu::DeviceRegion;
use lockstep_devices::{Window, i8237, i8254, i8259};

use super::platform::place;

/// RAM begins at zero.
pub(super) const RAM: u64 = 0;
/// Where the I/O space begins: address bit 43.
pub(super) const IO_SPACE: u64 = 1 << 43;
/// What address bit 33 tells apart: Pchip 0 and Pchip 1.
pub(super) const PCHIP_STRIDE: u64 = 2 << 32;
/// Number of Pchips.
pub(super) const PCHIPS: usize = 2;

/// Of a Pchip's range: PCI memory.
pub(super) const PCI_MEMORY: u64 = 0;
/// Bytes of PCI memory.
pub(super) const PCI_MEMORY_SIZE: u64 = 4 << 30;
/// Of a Pchip's range: its registers.
pub(super) const PCHIP: u64 = 0x1_8000_0000;
/// Of Pchip 0's range: the Cchip's registers.
pub(super) const CCHIP: u64 = 0x1_a000_0000;
/// Of Pchip 0's range: the Dchips' registers.
pub(super) const DCHIP: u64 = 0x1_b000_0000;
/// Bytes for a chip's registers.
pub(super) const CHIP_SIZE: u64 = 0x1000_0000;
/// Of a Pchip's range: interrupt acknowledge and special cycles.
pub(super) const PCI_ACKNOWLEDGE: u64 = 0x1_f800_0000;
/// Bytes of it.
pub(super) const PCI_ACKNOWLEDGE_SIZE: u64 = 0x400_0000;
/// Of a Pchip's range: PCI I/O.
pub(super) const PCI_IO: u64 = 0x1_fc00_0000;
/// Bytes of PCI I/O.
pub(super) const PCI_IO_SIZE: u64 = 0x200_0000;
/// Of a Pchip's range: PCI configuration.
pub(super) const PCI_CONFIG: u64 = 0x1_fe00_0000;
/// Bytes of PCI configuration.
pub(super) const PCI_CONFIG_SIZE: u64 = 0x100_0000;

/// The PCI device number of the ISA bridge, on Pchip 0.
pub(super) const ISA_BRIDGE: u64 = 7;
/// The first PCI slot; there are six on each Pchip.
pub(super) const FIRST_SLOT: u64 = 1;
/// Number of slots of a Pchip.
pub(super) const SLOTS: usize = 6;

/// The device interrupt of a slot's first pin.
pub(super) const fn slot_interrupt(pchip: usize, slot: usize) -> u32 {
    (8 + 16 * pchip + 4 * slot) as u32
}

/// What is claimed by the ISA bridge when no other function claims it.
pub(super) const ISA_PORTS: u64 = 0x1_0000;

/// ISA interrupts.
pub(super) mod irq {
    pub(in super::super) const TIMER: u8 = 0;
    pub(in super::super) const KEYBOARD: u8 = 1;
    pub(in super::super) const UARTS: [u8; 2] = [4, 3];
    pub(in super::super) const FLOPPY: u8 = 6;
    pub(in super::super) const MOUSE: u8 = 12;
}

/// Ports that the ISA bridge has and this board does not: DMA in EISA's way, the bridge's power management and its fast
/// reset. Everywhere else on the ISA bus nobody answers.
pub(super) const MISSING_PORTS: [(u64, u64); 5] =
    [(0x92, 1), (0xb2, 2), (0x40a, 0x36), (0x481, 0xf), (0x4d6, 1)];

/// Where devices have registers: the chips, ISA devices, and each PCI bus as a whole.
pub(super) fn regions() -> Vec<DeviceRegion> {
    let chips = [("cchip", CCHIP), ("dchip", DCHIP)];
    let chips = chips.map(|(name, base)| DeviceRegion::new(name, IO_SPACE + base, CHIP_SIZE));
    let isa = [
        ("dma", place::DMA),
        ("pic", place::PIC),
        ("pit", place::PIT),
        ("keyboard", place::KEYBOARD),
        ("rtc", place::RTC),
        ("floppy", place::FLOPPY),
        ("uart0", place::UARTS[0]),
        ("uart1", place::UARTS[1]),
    ];
    let isa = isa.into_iter().map(|(name, place)| {
        let windows = ports().into_iter().filter(|window| window.device == place);
        let ranges = windows.map(|window| (IO_SPACE + PCI_IO + window.base, window.len));
        DeviceRegion { name: name.to_owned(), ranges: ranges.collect() }
    });
    let buses = (0..PCHIPS).flat_map(|pchip| {
        let parts = [
            ("pchip", PCHIP, CHIP_SIZE),
            ("pci-memory", PCI_MEMORY, PCI_MEMORY_SIZE),
            ("pci-io", PCI_IO, PCI_IO_SIZE),
            ("pci-config", PCI_CONFIG, PCI_CONFIG_SIZE),
        ];
        let start = IO_SPACE + pchip as u64 * PCHIP_STRIDE;
        parts
            .map(|(name, base, len)| DeviceRegion::new(format!("{name}{pchip}"), start + base, len))
    });
    chips.into_iter().chain(isa).chain(buses).collect()
}

/// The ports of ISA devices.
pub(super) fn ports() -> Vec<Window> {
    let part = |base, len, device, offset| Window { offset, ..Window::new(base, len, device) };
    vec![
        part(0x000, 0x10, place::DMA, i8237::spec::FIRST),
        part(0x080, 0x10, place::DMA, i8237::spec::PAGES),
        part(0x0c0, 0x20, place::DMA, i8237::spec::SECOND),
        part(0x020, 2, place::PIC, i8259::spec::MASTER),
        part(0x0a0, 2, place::PIC, i8259::spec::SLAVE),
        part(0x4d0, 2, place::PIC, i8259::spec::ELCR),
        Window::new(0x040, 4, place::PIT),
        part(0x061, 1, place::PIT, i8254::spec::PORT_B),
        // The keyboard controller has two ports, with other things' between them.
        Window::new(0x060, 1, place::KEYBOARD),
        part(0x064, 1, place::KEYBOARD, 4),
        Window::new(0x070, 2, place::RTC),
        // The port between them is a hard disk's.
        Window::new(0x3f0, 6, place::FLOPPY),
        part(0x3f7, 1, place::FLOPPY, 7),
        Window::new(0x3f8, 8, place::UARTS[0]),
        Window::new(0x2f8, 8, place::UARTS[1]),
    ]
}
