//! Registers of the UART.
//!
//! Arm PrimeCell UART (PL011) Technical Reference Manual, DDI 0183, revision r1p5: chapter 3, "Programmers model".

/// UARTDR: data, received or to transmit, with the receive errors above it.
pub const DR: u64 = 0x000;
/// UARTRSR on a read (receive errors), UARTECR on a write (clears them).
pub const RSR_ECR: u64 = 0x004;
/// UARTFR: flags.
pub const FR: u64 = 0x018;
/// UARTILPR: low-power counter of the IrDA encoder.
pub const ILPR: u64 = 0x020;
/// UARTIBRD: integer part of the baud rate divisor.
pub const IBRD: u64 = 0x024;
/// UARTFBRD: fractional part of the baud rate divisor.
pub const FBRD: u64 = 0x028;
/// UARTLCR_H: line control.
pub const LCR_H: u64 = 0x02c;
/// UARTCR: control.
pub const CR: u64 = 0x030;
/// UARTIFLS: FIFO levels at which interrupts are raised.
pub const IFLS: u64 = 0x034;
/// UARTIMSC: interrupts that are let through.
pub const IMSC: u64 = 0x038;
/// UARTRIS: interrupts before the mask.
pub const RIS: u64 = 0x03c;
/// UARTMIS: interrupts after the mask.
pub const MIS: u64 = 0x040;
/// UARTICR: clears interrupts.
pub const ICR: u64 = 0x044;
/// UARTDMACR: DMA control.
pub const DMACR: u64 = 0x048;

/// Length of the window.
pub const WINDOW: u64 = 0x1000;

/// UARTPeriphID0 to 3: part 0x011, designer Arm, revision r1p1.
pub const PERIPHERAL_ID: [u8; 4] = [0x11, 0x10, 0x14, 0x00];

/// Depth of each FIFO before r1p5, which is what the revision in [`PERIPHERAL_ID`] promises.
pub const FIFO_DEPTH: usize = 16;

/// UARTDR and UARTRSR: the FIFO was full when a character arrived.
pub const DR_OVERRUN: u16 = 1 << 11;
/// The overrun bit of UARTRSR.
pub const RSR_OVERRUN: u8 = 1 << 3;

/// UARTFR: clear to send.
pub const FR_CTS: u16 = 1 << 0;
/// UARTFR: data set ready.
pub const FR_DSR: u16 = 1 << 1;
/// UARTFR: data carrier detect.
pub const FR_DCD: u16 = 1 << 2;
/// UARTFR: receive FIFO empty.
pub const FR_RXFE: u16 = 1 << 4;
/// UARTFR: receive FIFO full.
pub const FR_RXFF: u16 = 1 << 6;
/// UARTFR: transmit FIFO empty.
pub const FR_TXFE: u16 = 1 << 7;
/// UARTFR: ring indicator.
pub const FR_RI: u16 = 1 << 8;

/// UARTLCR_H: enable FIFOs.
pub const LCR_H_FEN: u16 = 1 << 4;
/// UARTLCR_H: bits that exist.
pub const LCR_H_MASK: u16 = 0xff;

/// UARTCR: loopback.
pub const CR_LBE: u16 = 1 << 7;
/// UARTCR: receiver enabled.
pub const CR_RXE: u16 = 1 << 9;
/// UARTCR: data terminal ready.
pub const CR_DTR: u16 = 1 << 10;
/// UARTCR: request to send.
pub const CR_RTS: u16 = 1 << 11;
/// UARTCR: modem output Out1.
pub const CR_OUT1: u16 = 1 << 12;
/// UARTCR: modem output Out2.
pub const CR_OUT2: u16 = 1 << 13;
/// UARTCR: bits that exist.
pub const CR_MASK: u16 = 0xff87;
/// UARTCR after a reset: transmitter and receiver enabled, the UART not.
pub const CR_RESET: u16 = 0x300;

/// UARTIFLS: bits that exist.
pub const IFLS_MASK: u16 = 0x3f;
/// UARTIFLS after a reset: both at half.
pub const IFLS_RESET: u16 = 0x12;

/// Interrupt: ring indicator changed.
pub const INT_RI: u16 = 1 << 0;
/// Interrupt: clear to send changed.
pub const INT_CTS: u16 = 1 << 1;
/// Interrupt: data carrier detect changed.
pub const INT_DCD: u16 = 1 << 2;
/// Interrupt: data set ready changed.
pub const INT_DSR: u16 = 1 << 3;
/// Interrupt: characters received.
pub const INT_RX: u16 = 1 << 4;
/// Interrupt: room to transmit.
pub const INT_TX: u16 = 1 << 5;
/// Interrupt: characters received and then silence.
pub const INT_RT: u16 = 1 << 6;
/// Interrupt: overrun.
pub const INT_OE: u16 = 1 << 10;
/// All interrupts that exist.
pub const INT_MASK: u16 = 0x7ff;

/// UARTDMACR: bits that exist.
pub const DMACR_MASK: u16 = 0x7;
