//! The ISA bus: its devices, and how they are wired.

use lockstep_core::{RestoreError, SaveState, Saved};
use lockstep_devices::i8042::I8042;
use lockstep_devices::i8237::I8237;
use lockstep_devices::i8254::I8254;
use lockstep_devices::i8259::I8259;
use lockstep_devices::i82077::I82077;
use lockstep_devices::mc146818::Mc146818;
use lockstep_devices::ns16550::Ns16550;
use lockstep_devices::{AccessError, Bus, Device, DeviceCx};

use super::map;
use super::platform::place;
use crate::BuildError;

/// What nobody drives reads as ones.
const FLOATING: u64 = 0xff;

/// The ISA bus. Everything on it is a byte wide; the bridge makes several cycles of a wider access.
pub(super) struct Isa {
    bus: Bus,
    pub(super) pic: I8259,
    pit: I8254,
    pub(super) rtc: Mc146818,
    keyboard: I8042,
    dma: I8237,
    floppy: I82077,
    pub(super) uarts: [Ns16550; 2],
}

impl Isa {
    pub(super) fn new(start_date: i64, ports: [u8; 2]) -> Result<Self, BuildError> {
        let bus = Bus::new(map::ports())
            .map_err(|error| BuildError::Missing(format!("board clipper: {error}")))?;
        Ok(Self {
            bus,
            pic: I8259::initialized(),
            pit: I8254::new(place::PIT as u16),
            rtc: Mc146818::new(place::RTC as u16, start_date),
            keyboard: I8042::default(),
            dma: I8237::default(),
            floppy: I82077::default(),
            uarts: ports.map(Ns16550::new),
        })
    }

    pub(super) fn device(&mut self, place: usize) -> Option<&mut dyn Device> {
        Some(match place {
            place::PIC => &mut self.pic,
            place::PIT => &mut self.pit,
            place::RTC => &mut self.rtc,
            place::KEYBOARD => &mut self.keyboard,
            place::DMA => &mut self.dma,
            place::FLOPPY => &mut self.floppy,
            place::UART_0 => &mut self.uarts[0],
            place::UART_1 => &mut self.uarts[1],
            _ => return None,
        })
    }

    /// The device at a port, and the offset in its registers; `None` where nobody answers.
    fn at(&mut self, port: u64) -> Option<(&mut dyn Device, u64)> {
        let (place, offset) = self.bus.find(port)?;
        Some((self.device(place)?, offset))
    }

    pub(super) fn read(
        &mut self,
        cx: &mut DeviceCx<'_>,
        port: u64,
        size: u8,
    ) -> Result<u64, AccessError> {
        (0..u64::from(size)).try_fold(0, |value, step| {
            let byte = match self.at(port + step) {
                Some((device, offset)) => device.read(cx, offset, 1)?,
                None if is_missing(port + step) => {
                    return Err(AccessError::unimplemented_read("ISA bridge", port + step, 1));
                }
                None => FLOATING,
            };
            Ok(value | byte << (8 * step))
        })
    }

    pub(super) fn write(
        &mut self,
        cx: &mut DeviceCx<'_>,
        port: u64,
        size: u8,
        value: u64,
    ) -> Result<(), AccessError> {
        for step in 0..u64::from(size) {
            let byte = value >> (8 * step) & 0xff;
            match self.at(port + step) {
                Some((device, offset)) => device.write(cx, offset, 1, byte)?,
                None if is_missing(port + step) => {
                    let port = port + step;
                    return Err(AccessError::unimplemented_write("ISA bridge", port, 1, byte));
                }
                None => {}
            }
        }
        Ok(())
    }

    /// Drives the interrupt controller's inputs with the devices' outputs.
    pub(super) fn drive(&mut self, cx: &mut DeviceCx<'_>) {
        let [keyboard, mouse] = self.keyboard.interrupts();
        let timer = self.pit.output(cx.bp.now());
        self.pic.set_line(map::irq::TIMER, timer);
        self.pic.set_line(map::irq::KEYBOARD, keyboard);
        self.pic.set_line(map::irq::MOUSE, mouse);
        self.pic.set_line(map::irq::FLOPPY, self.floppy.interrupt());
        for (irq, uart) in map::irq::UARTS.into_iter().zip(&self.uarts) {
            self.pic.set_line(irq, uart.interrupt());
        }
        let wanted = !self.pic.masked(map::irq::TIMER);
        self.pit.want_output(cx, wanted);
    }

    fn parts(&self) -> [(&'static str, &dyn SaveState); 8] {
        [
            ("pic", &self.pic),
            ("pit", &self.pit),
            ("rtc", &self.rtc),
            ("keyboard", &self.keyboard),
            ("dma", &self.dma),
            ("floppy", &self.floppy),
            ("uart0", &self.uarts[0]),
            ("uart1", &self.uarts[1]),
        ]
    }

    pub(super) fn reset(&mut self, cx: &mut DeviceCx<'_>) {
        for place in place::PIC..=place::FLOPPY {
            if let Some(device) = self.device(place) {
                device.reset(cx);
            }
        }
    }

    pub(super) fn save(&self, to: &mut Saved) {
        for (name, part) in self.parts() {
            part.save(name, to);
        }
    }

    pub(super) fn restore(&mut self, from: &Saved) -> Result<(), RestoreError> {
        self.pic.restore("pic", from)?;
        self.pit.restore("pit", from)?;
        self.rtc.restore("rtc", from)?;
        self.keyboard.restore("keyboard", from)?;
        self.dma.restore("dma", from)?;
        self.floppy.restore("floppy", from)?;
        self.uarts[0].restore("uart0", from)?;
        self.uarts[1].restore("uart1", from)
    }
}

/// Whether the bridge has something at a port that this build does not.
fn is_missing(port: u64) -> bool {
    map::MISSING_PORTS.iter().any(|(base, len)| port.wrapping_sub(*base) < *len)
}
