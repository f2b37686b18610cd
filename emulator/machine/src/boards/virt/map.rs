//! Addresses and interrupts of the `virt` board.

/// Flash: what the processor starts from, when there is firmware.
pub(super) const FLASH_BANKS: [u64; 2] = [0, FLASH_BANK_SIZE];
/// Bytes of one bank.
pub(super) const FLASH_BANK_SIZE: u64 = 64 << 20;
/// GIC distributor.
pub(super) const GIC_DISTRIBUTOR: u64 = 0x0800_0000;
/// Bytes of the distributor's frame, and of the CPU interface's.
pub(super) const GIC_FRAME: u64 = 0x1_0000;
/// GICv2 CPU interface.
pub(super) const GIC_CPU: u64 = 0x0801_0000;
/// GICv3 redistributors, one after another.
pub(super) const GIC_REDISTRIBUTORS: u64 = 0x080a_0000;
/// Bytes of one redistributor: two frames.
pub(super) const GIC_REDISTRIBUTOR_SIZE: u64 = 0x2_0000;
/// PL011.
pub(super) const UART: u64 = 0x0900_0000;
/// PL031.
pub(super) const RTC: u64 = 0x0901_0000;
/// PL061.
pub(super) const GPIO: u64 = 0x0903_0000;
/// Bytes of a PrimeCell's frame.
pub(super) const PRIMECELL: u64 = 0x1000;
/// virtio-mmio transports.
pub(super) const VIRTIO: u64 = 0x0a00_0000;
/// Bytes of one transport.
pub(super) const VIRTIO_STRIDE: u64 = 0x200;
/// Number of transports.
pub(super) const VIRTIO_SLOTS: u64 = 32;
/// RAM.
pub(super) const RAM: u64 = 0x4000_0000;

/// Shared peripheral interrupts, counted from INTID 32.
pub(super) mod spi {
    pub(in super::super) const UART: u32 = 1;
    pub(in super::super) const RTC: u32 = 2;
    pub(in super::super) const GPIO: u32 = 7;
    pub(in super::super) const VIRTIO: u32 = 16;
    /// How many the controller has.
    pub(in super::super) const COUNT: u16 = 256;
}

/// Private peripheral interrupts, counted from INTID 16, as the device tree names them: secure and non-secure
/// physical, virtual, and hypervisor timer.
pub(super) const TIMER_PPIS: [u32; 4] = [13, 14, 11, 10];

/// The performance monitors' interrupt, counted likewise.
pub(super) const PMU_PPI: u32 = 7;

/// Hertz of the peripherals' clock.
pub(super) const APB_CLOCK: u32 = 24_000_000;
/// The pin of the power key.
pub(super) const POWER_KEY_PIN: u32 = 3;
