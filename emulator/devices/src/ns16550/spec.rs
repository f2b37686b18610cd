//! Registers of the UART.
//!
//! National Semiconductor PC16550D Universal Asynchronous Receiver/Transmitter with FIFOs, data sheet of June 1995:
//! section 8, "Registers". Offsets are ports from the UART's base.

/// RBR on a read, THR on a write, DLL while LCR.DLAB is set.
pub const DATA: u64 = 0;
/// IER: interrupts that are let through; DLM while LCR.DLAB is set.
pub const IER: u64 = 1;
/// IIR on a read (the most urgent interrupt), FCR on a write (FIFO control).
pub const IIR_FCR: u64 = 2;
/// LCR: line control.
pub const LCR: u64 = 3;
/// MCR: modem control.
pub const MCR: u64 = 4;
/// LSR: line status.
pub const LSR: u64 = 5;
/// MSR: modem status.
pub const MSR: u64 = 6;
/// SCR: scratch.
pub const SCR: u64 = 7;
/// Number of ports.
pub const PORTS: u64 = 8;

/// Depth of each FIFO.
pub const FIFO_DEPTH: usize = 16;

/// IER: received data available, and the character timeout.
pub const IER_RDA: u8 = 1 << 0;
/// IER: transmitter holding register empty.
pub const IER_THRE: u8 = 1 << 1;
/// IER: receiver line status.
pub const IER_RLS: u8 = 1 << 2;
/// IER: modem status.
pub const IER_MSI: u8 = 1 << 3;
/// IER: bits that exist.
pub const IER_MASK: u8 = 0x0f;

/// IIR: nothing is pending.
pub const IIR_NONE: u8 = 0x01;
/// IIR: receiver line status.
pub const IIR_RLS: u8 = 0x06;
/// IIR: received data available.
pub const IIR_RDA: u8 = 0x04;
/// IIR: characters in the FIFO, and then silence.
pub const IIR_TIMEOUT: u8 = 0x0c;
/// IIR: transmitter holding register empty.
pub const IIR_THRE: u8 = 0x02;
/// IIR: modem status.
pub const IIR_MSI: u8 = 0x00;
/// IIR: the FIFOs are enabled.
pub const IIR_FIFOS: u8 = 0xc0;

/// FCR: enable the FIFOs.
pub const FCR_ENABLE: u8 = 1 << 0;
/// FCR: clear the receive FIFO.
pub const FCR_CLEAR_RX: u8 = 1 << 1;
/// FCR: bits that stay (enable, DMA mode, trigger level).
pub const FCR_KEPT: u8 = 0xc9;
/// Characters at which the received data interrupt comes, by FCR bits 7:6.
pub const TRIGGERS: [usize; 4] = [1, 4, 8, 14];

/// LCR: send a break.
pub const LCR_BREAK: u8 = 1 << 6;
/// LCR: divisor latch access.
pub const LCR_DLAB: u8 = 1 << 7;

/// MCR: data terminal ready.
pub const MCR_DTR: u8 = 1 << 0;
/// MCR: request to send.
pub const MCR_RTS: u8 = 1 << 1;
/// MCR: Out 1.
pub const MCR_OUT1: u8 = 1 << 2;
/// MCR: Out 2, which lets the interrupt out to the bus in a PC.
pub const MCR_OUT2: u8 = 1 << 3;
/// MCR: loopback.
pub const MCR_LOOP: u8 = 1 << 4;
/// MCR: bits that exist.
pub const MCR_MASK: u8 = 0x1f;

/// LSR: data ready.
pub const LSR_DR: u8 = 1 << 0;
/// LSR: overrun.
pub const LSR_OE: u8 = 1 << 1;
/// LSR: break.
pub const LSR_BI: u8 = 1 << 4;
/// LSR: errors that belong to a character in the FIFO.
pub const LSR_CHARACTER: u8 = 0x1c;
/// LSR: holding register (or FIFO) and transmitter empty.
pub const LSR_EMPTY: u8 = 0x60;
/// LSR: some character in the FIFO has an error.
pub const LSR_FIFO_ERROR: u8 = 1 << 7;

/// MSR: clear to send.
pub const MSR_CTS: u8 = 1 << 4;
/// MSR: data set ready.
pub const MSR_DSR: u8 = 1 << 5;
/// MSR: ring indicator; its change is noted at the trailing edge only.
pub const MSR_RI: u8 = 1 << 6;
/// MSR: data carrier detect.
pub const MSR_DCD: u8 = 1 << 7;
/// What a console at the other end asserts.
pub const MSR_CONNECTED: u8 = MSR_CTS | MSR_DSR | MSR_DCD;
