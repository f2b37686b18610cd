//! The chipset of the `clipper` board, what is behind it, and how it is wired.

use lockstep_alpha::{Alpha, AlphaPlatform, Halt, Interrupt, line};
use lockstep_core::{Backplane, Input, RestoreError, SaveState, Saved, VcpuId};
use lockstep_cpu::{BusError, DeviceRegion, Platform, Vcpu};
use lockstep_devices::i82378::I82378;
use lockstep_devices::pci::Space;
use lockstep_devices::typhoon::{Cchip, Dchip, spec};
use lockstep_devices::virtio::pci::VirtioPci;
use lockstep_devices::{AccessError, Device, DeviceCx};
use lockstep_log::MachineRecord;
use lockstep_memory::PhysMem;

use super::super::plugged;
use super::console::Console;
use super::isa::Isa;
use super::pci::PciBus;
use super::{CYCLE_FREQUENCY, hwrpb, map};
use crate::{BuildError, Images};

/// Virtio devices at most: a slot for each.
const MOST_DEVICES: usize = map::SLOTS;
/// Of them, disks at most, so that there is a slot for everything else.
const MOST_DISKS: usize = 3;

/// Places of devices on the board: on the ISA bus, in the calendar, in the log.
pub(super) mod place {
    pub(in super::super) const PIC: usize = 0;
    pub(in super::super) const PIT: usize = 1;
    pub(in super::super) const RTC: usize = 2;
    pub(in super::super) const KEYBOARD: usize = 3;
    pub(in super::super) const DMA: usize = 4;
    pub(in super::super) const UART_0: usize = 5;
    pub(in super::super) const UART_1: usize = 6;
    pub(in super::super) const UARTS: [usize; 2] = [UART_0, UART_1];
    pub(in super::super) const FLOPPY: usize = 7;
    pub(in super::super) const ISA_BRIDGE: usize = 8;
    /// The first PCI slot; the others follow.
    pub(in super::super) const FIRST_SLOT: usize = 9;
}

/// Offsets in the system control block that entInt is told.
mod vector {
    pub(super) const CLOCK: u64 = 0x600;
    pub(super) const INTERPROCESSOR: u64 = 0x610;
    pub(super) const PERFORMANCE: u64 = 0x650;
    pub(super) const SYSTEM_CHECK: u64 = 0x660;
    /// ISA interrupts, by their numbers.
    pub(super) const ISA: u64 = 0x800;
    /// Device interrupts, by their bits in DIR.
    pub(super) const DEVICE: u64 = 0x900;
    pub(super) const STEP: u64 = 0x10;
}

/// The latest date at which a machine can start: the year 9999. The clock has no more digits.
const LAST_DATE: u64 = 253_402_300_799;

/// What an address of the I/O space means.
enum Target {
    Cchip(u64),
    Dchip(u64),
    Pchip(usize, u64),
    Acknowledge(usize),
    Memory(usize, u64),
    Io(usize, u64),
    Config(usize, u64),
}

/// The board.
pub(super) struct ClipperPlatform {
    cchip: Cchip,
    dchip: Dchip,
    buses: [PciBus; map::PCHIPS],
    isa: Isa,
    console: Console,
    vcpus: u16,
}

impl ClipperPlatform {
    pub(super) fn new(
        record: &MachineRecord,
        images: &Images,
        mem: &mut PhysMem,
        bp: &mut Backplane,
    ) -> Result<Self, BuildError> {
        let mut buses = [0, 1].map(PciBus::new);
        let devices = plugged::devices(record, images, mem, MOST_DISKS)?;
        debug_assert!(devices.len() <= MOST_DEVICES);
        for (slot, device) in devices.into_iter().enumerate() {
            let place = place::FIRST_SLOT + slot;
            let function = Box::new(VirtioPci::new(place as u16, device));
            buses[0].plug(map::FIRST_SLOT + slot as u64, place, function);
        }
        // Without a virtio console the first UART is the one that is typed to.
        let port = plugged::serial_port(record);
        let start_date = record.start_date.min(LAST_DATE) as i64;
        buses[0].plug(map::ISA_BRIDGE, place::ISA_BRIDGE, Box::new(I82378::default()));
        let mut board = Self {
            cchip: Cchip::new(record.memory),
            dchip: Dchip::default(),
            buses,
            isa: Isa::new(start_date, [port, port + 1])?,
            console: Console::new(&record.append),
            vcpus: record.vcpus,
        };
        board.drive_lines(&mut DeviceCx { mem, bp });
        Ok(board)
    }

    /// What an address means. Where there is neither memory nor a register, the Cchip notes who wanted it.
    fn target(&mut self, cx: &DeviceCx<'_>, address: u64) -> Result<Target, BusError> {
        let offset = address.wrapping_sub(map::IO_SPACE);
        let index = (offset / map::PCHIP_STRIDE) as usize;
        let offset = offset % map::PCHIP_STRIDE;
        let within = |base: u64, size: u64| {
            offset.checked_sub(base).filter(|inside| *inside < size && index < map::PCHIPS)
        };
        let shared = |base: u64| within(base, map::CHIP_SIZE).filter(|_| index == 0);
        None.or_else(|| shared(map::CCHIP).map(Target::Cchip))
            .or_else(|| shared(map::DCHIP).map(Target::Dchip))
            .or_else(|| within(map::PCI_IO, map::PCI_IO_SIZE).map(|at| Target::Io(index, at)))
            .or_else(|| {
                let at = within(map::PCI_MEMORY, map::PCI_MEMORY_SIZE);
                at.map(|at| Target::Memory(index, at))
            })
            .or_else(|| {
                let at = within(map::PCI_CONFIG, map::PCI_CONFIG_SIZE);
                at.map(|at| Target::Config(index, at))
            })
            .or_else(|| within(map::PCHIP, map::CHIP_SIZE).map(|at| Target::Pchip(index, at)))
            .or_else(|| {
                let at = within(map::PCI_ACKNOWLEDGE, map::PCI_ACKNOWLEDGE_SIZE);
                at.map(|_| Target::Acknowledge(index))
            })
            .ok_or_else(|| {
                self.cchip.nonexistent_memory(cx.bp.vcpu.0.into());
                BusError::Abort
            })
    }

    fn read_target(
        &mut self,
        cx: &mut DeviceCx<'_>,
        target: &Target,
        size: u8,
    ) -> Result<u64, AccessError> {
        match *target {
            Target::Cchip(offset) => self.cchip.read(cx, offset, size),
            Target::Dchip(offset) => self.dchip.read(cx, offset, size),
            Target::Pchip(index, offset) => self.buses[index].read(cx, offset, size),
            Target::Config(index, address) => self.buses[index].config_read(cx, address, size),
            // Only the ISA bridge answers to an acknowledge cycle.
            Target::Acknowledge(0) => Ok(self.isa.pic.acknowledge().into()),
            Target::Acknowledge(index) => Ok(self.buses[index].unanswered(0, size)),
            Target::Memory(index, address) => {
                let bus = &mut self.buses[index];
                bus.read_claimed(cx, Space::Memory, address, size)
                    .unwrap_or_else(|| Ok(bus.unanswered(address, size)))
            }
            Target::Io(index, port) => {
                let bus = &mut self.buses[index];
                match bus.read_claimed(cx, Space::Io, port, size) {
                    Some(result) => result,
                    None if index == 0 && port < map::ISA_PORTS => self.isa.read(cx, port, size),
                    None => Ok(bus.unanswered(port, size)),
                }
            }
        }
    }

    fn write_target(
        &mut self,
        cx: &mut DeviceCx<'_>,
        target: &Target,
        size: u8,
        value: u64,
    ) -> Result<(), AccessError> {
        match *target {
            Target::Cchip(offset) => self.cchip.write(cx, offset, size, value),
            Target::Dchip(offset) => self.dchip.write(cx, offset, size, value),
            Target::Pchip(index, offset) => self.buses[index].write(cx, offset, size, value),
            Target::Config(index, address) => {
                self.buses[index].config_write(cx, address, size, value)
            }
            // A special cycle is for everybody, and nobody answers.
            Target::Acknowledge(_) => Ok(()),
            Target::Memory(index, address) => {
                let bus = &mut self.buses[index];
                bus.write_claimed(cx, Space::Memory, address, size, value).unwrap_or_else(|| {
                    bus.unanswered(address, size);
                    Ok(())
                })
            }
            Target::Io(index, port) => {
                let bus = &mut self.buses[index];
                match bus.write_claimed(cx, Space::Io, port, size, value) {
                    Some(result) => result,
                    None if index == 0 && port < map::ISA_PORTS => {
                        self.isa.write(cx, port, size, value)
                    }
                    None => {
                        bus.unanswered(port, size);
                        Ok(())
                    }
                }
            }
        }
    }

    /// Drives the interrupt controllers' inputs with the devices' outputs.
    fn drive_lines(&mut self, cx: &mut DeviceCx<'_>) {
        self.isa.drive(cx);
        self.cchip.set_line(spec::ISA, self.isa.pic.interrupt());
        for bus in &mut self.buses {
            bus.drive(&mut self.cchip);
        }
    }

    /// Does something that may move interrupt lines, and has the run loop look when it did.
    fn act<T>(
        &mut self,
        cx: &mut DeviceCx<'_>,
        act: impl FnOnce(&mut Self, &mut DeviceCx<'_>) -> T,
    ) -> T {
        let before = self.all_lines();
        let result = act(self, cx);
        self.drive_lines(cx);
        cx.bp.attention |= before != self.all_lines();
        result
    }

    /// The lines of all processors, of which there are at most four.
    fn all_lines(&self) -> [u32; 4] {
        std::array::from_fn(|number| self.lines(VcpuId(number as u16)))
    }

    /// What entInt is told of the device that asks: the ISA bridge's controllers first, then the lowest line.
    fn device_vector(&mut self, vcpu: VcpuId) -> Option<u64> {
        let requested = self.cchip.requested(vcpu) & spec::DEVICES;
        if requested & 1 << spec::ISA != 0 {
            let irq = self.isa.pic.acknowledge();
            return Some(vector::ISA + vector::STEP * u64::from(irq));
        }
        (requested != 0)
            .then(|| vector::DEVICE + vector::STEP * u64::from(requested.trailing_zeros()))
    }
}

fn bus_error(error: AccessError) -> BusError {
    match error {
        AccessError::Abort => BusError::Abort,
        error @ AccessError::Unimplemented { .. } => BusError::Unimplemented(error.to_string()),
    }
}

impl Platform for ClipperPlatform {
    fn read(&mut self, cx: &mut DeviceCx<'_>, address: u64, size: u8) -> Result<u64, BusError> {
        let target = self.target(cx, address)?;
        self.act(cx, |board, cx| board.read_target(cx, &target, size)).map_err(bus_error)
    }

    fn write(
        &mut self,
        cx: &mut DeviceCx<'_>,
        address: u64,
        size: u8,
        value: u64,
    ) -> Result<(), BusError> {
        let target = self.target(cx, address)?;
        self.act(cx, |board, cx| board.write_target(cx, &target, size, value)).map_err(bus_error)
    }

    fn regions(&self) -> Vec<DeviceRegion> {
        map::regions()
    }

    fn due(&mut self, cx: &mut DeviceCx<'_>, place: u16, number: u32) {
        let place = usize::from(place);
        self.act(cx, |board, cx| {
            if let Some(device) = board.isa.device(place) {
                device.due(cx, number);
            }
            if place == place::RTC {
                // The clock's interrupt is the interval timer, and its edges are the ticks.
                board.cchip.tick();
            }
            board.buses.iter_mut().for_each(|bus| bus.due(cx, place, number));
        });
    }

    fn input(&mut self, cx: &mut DeviceCx<'_>, input: &Input) {
        self.act(cx, |board, cx| {
            if let Input::Console { port, bytes } = input {
                let uarts = board.isa.uarts.iter_mut();
                uarts.filter(|uart| uart.port() == *port).for_each(|uart| uart.receive(cx, bytes));
            }
            // There is no power key; the rest is the run loop's, or some function's.
            board.buses.iter_mut().for_each(|bus| bus.input(cx, input));
        });
    }

    fn lines(&self, vcpu: VcpuId) -> u32 {
        let requests = self.cchip.requests(vcpu);
        let bits = [
            (requests.error, line::MACHINE_CHECK),
            (requests.device, line::DEVICE),
            (requests.timer, line::CLOCK),
            (requests.interprocessor, line::INTERPROCESSOR),
        ];
        bits.iter().filter(|(asks, _)| *asks).fold(0, |lines, (_, bit)| lines | bit)
    }

    fn reset(&mut self, cx: &mut DeviceCx<'_>) {
        self.cchip.reset(cx);
        self.dchip.reset(cx);
        self.buses.iter_mut().for_each(|bus| bus.reset(cx));
        self.isa.reset(cx);
        self.console.reset();
        self.drive_lines(cx);
    }

    fn save(&self, to: &mut Saved) {
        self.cchip.save("cchip", to);
        self.dchip.save("dchip", to);
        self.buses.iter().for_each(|bus| bus.save(to));
        self.isa.save(to);
        self.console.save("console", to);
    }

    fn restore(&mut self, from: &Saved) -> Result<(), RestoreError> {
        self.cchip.restore("cchip", from)?;
        self.dchip.restore("dchip", from)?;
        self.buses.iter_mut().try_for_each(|bus| bus.restore(from))?;
        self.isa.restore(from)?;
        self.console.restore("console", from)
    }
}

impl AlphaPlatform for ClipperPlatform {
    fn acknowledge(
        &mut self,
        cx: &mut DeviceCx<'_>,
        vcpu: VcpuId,
        interrupt: Interrupt,
    ) -> Option<u64> {
        let cpu = u32::from(vcpu.0);
        self.act(cx, |board, _| match interrupt {
            Interrupt::Clock => {
                board.cchip.write_misc(1 << (spec::MISC_ITINTR + cpu));
                Some(vector::CLOCK)
            }
            Interrupt::Interprocessor => {
                board.cchip.write_misc(1 << (spec::MISC_IPINTR + cpu));
                Some(vector::INTERPROCESSOR)
            }
            Interrupt::Device => board.device_vector(vcpu),
            Interrupt::Performance => Some(vector::PERFORMANCE),
            Interrupt::MachineCheck => Some(vector::SYSTEM_CHECK),
        })
    }

    fn interrupt_processor(&mut self, cx: &mut DeviceCx<'_>, _from: VcpuId, target: u64) {
        // Processors that are not there have no interrupt input.
        if target < self.vcpus.into() {
            self.act(cx, |board, _| {
                board.cchip.write_misc(1 << (u64::from(spec::MISC_IPREQ) + target));
            });
        }
    }

    fn halt(&mut self, cx: &mut DeviceCx<'_>, cpu: &Vcpu<Alpha>) -> Halt {
        // The slot says what the console is to do: 2 and 3 are cold and warm bootstraps.
        match hwrpb::halt_request(cx.mem, cpu.id.0) {
            _ if cpu.id.0 != 0 => Halt::Stay,
            2 | 3 => Halt::Reset,
            _ => Halt::PowerOff,
        }
    }

    fn callback(&mut self, cx: &mut DeviceCx<'_>, cpu: &mut Vcpu<Alpha>) -> Result<(), String> {
        let before = self.all_lines();
        let result = self.console.call(cx, cpu, &mut self.isa.uarts[0]);
        self.drive_lines(cx);
        cx.bp.attention |= before != self.all_lines();
        result
    }

    fn logout_area(&self, vcpu: VcpuId) -> Option<u64> {
        Some(hwrpb::logout_area(vcpu.0))
    }

    fn cycle_frequency(&self) -> u64 {
        CYCLE_FREQUENCY
    }
}
