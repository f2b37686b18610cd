//! The devices of the `virt` board, and how they are wired.

use lockstep_aarch64::{Aarch64Platform, Semihosting};
use lockstep_core::{Backplane, Input, RestoreError, SaveState, Saved, VcpuId};
use lockstep_cpu::{BusError, DeviceRegion, Platform};
use lockstep_devices::cfi_flash::CfiFlash;
use lockstep_devices::gic::v3::IccRegister;
use lockstep_devices::gic::{GicV2, GicV3, InterruptController, Line};
use lockstep_devices::pl011::Pl011;
use lockstep_devices::pl031::Pl031;
use lockstep_devices::pl061::Pl061;
use lockstep_devices::{AccessError, Bus, Device, Window, gic};
use lockstep_memory::{DeviceCx, PhysMem};

use super::slots::Slots;
use super::{Config, GicVersion, map};
use crate::BuildError;

/// The name of the saved part.
const SEMIHOSTING: &str = "semihosting";

/// Places of devices on the board: in the bus, in the calendar, in the log.
mod place {
    pub(super) const GIC: usize = 0;
    pub(super) const UART: usize = 1;
    pub(super) const RTC: usize = 2;
    pub(super) const GPIO: usize = 3;
    pub(super) const FLASH_0: usize = 4;
    pub(super) const FLASH_1: usize = 5;
    /// Slots of the virtio transports that are empty; those with a device follow.
    pub(super) const VIRTIO: usize = 6;
}

/// An interrupt controller of either generation.
enum Gic {
    V2(GicV2),
    V3(GicV3),
}

impl Gic {
    fn get(&self) -> &dyn InterruptController {
        match self {
            Self::V2(gic) => gic,
            Self::V3(gic) => gic,
        }
    }

    fn get_mut(&mut self) -> &mut dyn InterruptController {
        match self {
            Self::V2(gic) => gic,
            Self::V3(gic) => gic,
        }
    }
}

/// The board.
pub(super) struct VirtPlatform {
    bus: Bus,
    gic: Gic,
    uart: Pl011,
    rtc: Pl031,
    gpio: Pl061,
    flash: [CfiFlash; 2],
    slots: Slots,
    semihosting: Option<Semihosting>,
}

impl VirtPlatform {
    pub(super) fn new(
        config: &Config<'_>,
        slots: Slots,
        semihosting: Option<Semihosting>,
        mem: &mut PhysMem,
        bp: &mut Backplane,
    ) -> Result<Self, BuildError> {
        let vcpus = usize::from(config.record.vcpus);
        let wrong = |error: gic::ConfigError| BuildError::Missing(error.to_string());
        let gic = match config.gic {
            GicVersion::V2 => Gic::V2(GicV2::new(vcpus, map::spi::COUNT).map_err(wrong)?),
            GicVersion::V3 => {
                let ids = (0..config.record.vcpus).map(VcpuId);
                let affinities: Vec<u32> =
                    ids.map(|id| lockstep_aarch64::affinity(id) as u32).collect();
                Gic::V3(GicV3::new(&affinities, map::spi::COUNT).map_err(wrong)?)
            }
        };
        let bus = Bus::new(windows(config, &slots))
            .map_err(|error| BuildError::Missing(format!("board virt: {error}")))?;
        let bank = |number: usize| {
            CfiFlash::new(map::FLASH_BANKS[number], map::FLASH_BANK_SIZE)
                .map_err(|error| BuildError::Missing(error.to_string()))
        };
        let mut board = Self {
            bus,
            gic,
            uart: Pl011::new(slots.uart_port()),
            rtc: Pl031::new(place::RTC as u16, config.record.start_date as u32),
            gpio: Pl061::new(place::GPIO as u16),
            flash: [bank(0)?, bank(1)?],
            slots,
            semihosting,
        };
        board.drive_lines(&mut DeviceCx { mem, bp });
        Ok(board)
    }

    fn device(&mut self, place: usize) -> Option<&mut dyn Device> {
        Some(match place {
            place::GIC => match &mut self.gic {
                Gic::V2(gic) => gic,
                Gic::V3(gic) => gic,
            },
            place::UART => &mut self.uart,
            place::RTC => &mut self.rtc,
            place::GPIO => &mut self.gpio,
            place::FLASH_0 => &mut self.flash[0],
            place::FLASH_1 => &mut self.flash[1],
            place => return self.slots.device(place.checked_sub(place::VIRTIO)?),
        })
    }

    /// The device that answers at an address.
    fn at(&mut self, address: u64) -> Result<(&mut dyn Device, u64), BusError> {
        let (place, offset) = self.bus.find(address).ok_or(BusError::Abort)?;
        let missing = || BusError::Unimplemented(format!("board virt has no device {place}"));
        Ok((self.device(place).ok_or_else(missing)?, offset))
    }

    /// Drives the controller's inputs with the devices' outputs.
    fn drive_lines(&mut self, cx: &mut DeviceCx<'_>) {
        let levels = [
            (map::spi::UART, self.uart.interrupt()),
            (map::spi::RTC, self.rtc.interrupt()),
            (map::spi::GPIO, self.gpio.interrupt()),
        ];
        let gic = self.gic.get_mut();
        for (spi, level) in levels.into_iter().chain(self.slots.interrupts()) {
            gic.set_line(cx.bp, Line::Shared(spi as u16), level);
        }
    }

    /// Everything with state, in the order of places.
    fn parts(&self) -> Vec<(String, &dyn SaveState)> {
        let gic: &dyn SaveState = match &self.gic {
            Gic::V2(gic) => gic,
            Gic::V3(gic) => gic,
        };
        let fixed: [(&str, &dyn SaveState); 6] = [
            ("gic", gic),
            ("uart", &self.uart),
            ("rtc", &self.rtc),
            ("gpio", &self.gpio),
            ("flash0", &self.flash[0]),
            ("flash1", &self.flash[1]),
        ];
        let fixed = fixed.into_iter().map(|(name, part)| (name.to_owned(), part));
        fixed.chain(self.slots.parts()).collect()
    }
}

fn windows(config: &Config<'_>, slots: &Slots) -> Vec<Window> {
    let distributor =
        |offset| Window { offset, ..Window::new(map::GIC_DISTRIBUTOR, map::GIC_FRAME, place::GIC) };
    let mut windows = vec![
        Window::new(map::UART, map::PRIMECELL, place::UART),
        Window::new(map::RTC, map::PRIMECELL, place::RTC),
        Window::new(map::GPIO, map::PRIMECELL, place::GPIO),
        Window::new(map::FLASH_BANKS[0], map::FLASH_BANK_SIZE, place::FLASH_0),
        Window::new(map::FLASH_BANKS[1], map::FLASH_BANK_SIZE, place::FLASH_1),
    ];
    windows.extend((0..map::VIRTIO_SLOTS).map(|slot| {
        let base = map::VIRTIO + slot * map::VIRTIO_STRIDE;
        Window::new(base, map::VIRTIO_STRIDE, place::VIRTIO + slots.place(slot as usize))
    }));
    match config.gic {
        GicVersion::V2 => {
            let offset = gic::v2::spec::CPU_INTERFACE;
            let cpu = Window::new(map::GIC_CPU, map::GIC_FRAME, place::GIC);
            windows.push(distributor(gic::v2::spec::DISTRIBUTOR));
            windows.push(Window { offset, ..cpu });
        }
        GicVersion::V3 => {
            let offset = gic::v3::spec::REDISTRIBUTORS;
            let len = u64::from(config.record.vcpus) * map::GIC_REDISTRIBUTOR_SIZE;
            windows.push(distributor(gic::v3::spec::DISTRIBUTOR));
            windows
                .push(Window { offset, ..Window::new(map::GIC_REDISTRIBUTORS, len, place::GIC) });
        }
    }
    windows
}

fn bus_error(error: AccessError) -> BusError {
    match error {
        AccessError::Abort => BusError::Abort,
        error @ AccessError::Unimplemented { .. } => BusError::Unimplemented(error.to_string()),
    }
}

/// The register of the GIC CPU interface with op0:op1:CRn:CRm:op2, packed as in MRS.
fn gic_register(encoding: u16) -> Option<IccRegister> {
    let [crn, crm, op2] = [encoding >> 7 & 15, encoding >> 3 & 15, encoding & 7].map(|f| f as u8);
    if encoding >> 11 != 0b11_000 { None } else { IccRegister::decode(crn, crm, op2) }
}

impl Platform for VirtPlatform {
    fn read(&mut self, cx: &mut DeviceCx<'_>, address: u64, size: u8) -> Result<u64, BusError> {
        let (device, offset) = self.at(address)?;
        let value = device.read(cx, offset, size).map_err(bus_error);
        self.drive_lines(cx);
        value
    }

    fn write(
        &mut self,
        cx: &mut DeviceCx<'_>,
        address: u64,
        size: u8,
        value: u64,
    ) -> Result<(), BusError> {
        let (device, offset) = self.at(address)?;
        let result = device.write(cx, offset, size, value).map_err(bus_error);
        self.drive_lines(cx);
        result
    }

    fn regions(&self) -> Vec<DeviceRegion> {
        let mut regions: Vec<DeviceRegion> = Vec::new();
        for window in self.bus.windows() {
            let name = match window.device {
                place::GIC => "gic".to_owned(),
                place::UART => "pl011".to_owned(),
                place::RTC => "pl031".to_owned(),
                place::GPIO => "pl061".to_owned(),
                place::FLASH_0 => "flash0".to_owned(),
                place::FLASH_1 => "flash1".to_owned(),
                _ => {
                    format!("virtio{}", window.base.wrapping_sub(map::VIRTIO) / map::VIRTIO_STRIDE)
                }
            };
            let range = (window.base, window.len);
            match regions.iter_mut().find(|region| region.name == name) {
                Some(region) => region.ranges.push(range),
                None => regions.push(DeviceRegion::new(name, range.0, range.1)),
            }
        }
        regions
    }

    fn due(&mut self, cx: &mut DeviceCx<'_>, place: u16, number: u32) {
        if let Some(device) = self.device(place.into()) {
            device.due(cx, number);
        }
        self.drive_lines(cx);
    }

    fn input(&mut self, cx: &mut DeviceCx<'_>, input: &Input) {
        match input {
            Input::Console { port, bytes } if *port == self.slots.uart_port() => {
                self.uart.receive(cx, bytes);
            }
            Input::Console { .. } | Input::HostRead { .. } => self.slots.input(cx, input),
            Input::PowerKey => self.gpio.press_power_key(cx),
            // The run loop's.
            Input::Reset | Input::TimePasses { .. } | Input::Stop | Input::Keyframe => {}
        }
        self.drive_lines(cx);
    }

    fn lines(&self, vcpu: VcpuId) -> u32 {
        let gic = self.gic.get();
        u32::from(gic.irq(vcpu)) | u32::from(gic.fiq(vcpu)) << 1
    }

    fn reset(&mut self, cx: &mut DeviceCx<'_>) {
        let mut place = place::GIC;
        while let Some(device) = self.device(place) {
            device.reset(cx);
            place += 1;
        }
        if let Some(semihosting) = &mut self.semihosting {
            semihosting.reset();
        }
        self.drive_lines(cx);
    }

    fn save(&self, to: &mut Saved) {
        for (name, part) in self.parts() {
            part.save(&name, to);
        }
        if let Some(semihosting) = &self.semihosting {
            semihosting.save(SEMIHOSTING, to);
        }
    }

    fn restore(&mut self, from: &Saved) -> Result<(), RestoreError> {
        if let Some(semihosting) = &mut self.semihosting {
            semihosting.restore(SEMIHOSTING, from)?;
        }
        let names: Vec<_> = self.parts().into_iter().map(|(name, _)| name).collect();
        names.iter().enumerate().try_for_each(|(place, name)| match self.device(place) {
            Some(device) => device.restore(name, from),
            None => Err(RestoreError::Missing(name.clone())),
        })
    }

    #[cfg(feature = "faults")]
    fn restored_wrongly(&mut self, faults: &lockstep_core::faults::Faults) {
        self.uart.restored_wrongly(faults);
    }
}

impl Aarch64Platform for VirtPlatform {
    fn has_gic_registers(&self) -> bool {
        matches!(self.gic, Gic::V3(_))
    }

    fn gic_read(&mut self, cx: &mut DeviceCx<'_>, vcpu: VcpuId, encoding: u16) -> Option<u64> {
        let Gic::V3(gic) = &mut self.gic else { return None };
        let register = gic_register(encoding).filter(|register| register.readable())?;
        Some(gic.icc_read(cx.bp, vcpu, register))
    }

    fn gic_write(
        &mut self,
        cx: &mut DeviceCx<'_>,
        vcpu: VcpuId,
        encoding: u16,
        value: u64,
    ) -> Option<()> {
        let Gic::V3(gic) = &mut self.gic else { return None };
        let register = gic_register(encoding).filter(|register| register.writable())?;
        gic.icc_write(cx.bp, vcpu, register, value);
        Some(())
    }

    fn semihosting(&mut self) -> Option<&mut Semihosting> {
        self.semihosting.as_mut()
    }

    fn console_in(&mut self, cx: &mut DeviceCx<'_>) -> Option<u8> {
        let byte = self.uart.take_unread();
        self.drive_lines(cx);
        byte
    }

    fn set_ppi(&mut self, cx: &mut DeviceCx<'_>, vcpu: VcpuId, ppi: u32, level: bool) {
        self.gic.get_mut().set_line(cx.bp, Line::Private { vcpu, intid: ppi as u8 }, level);
    }
}
