//! A driver for the tests of every device.

use lockstep_memory::RegionKind;

use super::spec::{descriptor, feature, status};
use super::{Virtio, VirtioDevice};
use crate::testing::Bench;

pub(super) const RAM: u64 = 0x4000_0000;
pub(super) const RAM_LEN: u64 = 16 << 20;
/// Entries of every queue.
pub(super) const SIZE: u16 = 16;
/// The device's place on the board.
pub(super) const PLACE: u16 = 9;

/// Where things are: a page for each part of a queue, then buffers.
pub(super) fn table(queue: u16) -> u64 {
    RAM + u64::from(queue) * 0x3000
}
pub(super) fn available(queue: u16) -> u64 {
    table(queue) + 0x1000
}
pub(super) fn used(queue: u16) -> u64 {
    table(queue) + 0x2000
}
pub(super) const BUFFERS: u64 = RAM + 0x10_0000;

/// A buffer of a chain: address, length, and whether the device writes.
pub(super) type Buffer = (u64, u32, bool);

/// A machine with one device and a driver that has set it up.
pub(super) struct Rig {
    pub(super) bench: Bench,
    pub(super) virtio: Virtio,
    next: Vec<u16>,
    free: u16,
}

impl Rig {
    /// A device before anybody has touched it.
    pub(super) fn cold(make: impl FnOnce(&mut Bench) -> Box<dyn VirtioDevice>) -> Self {
        let mut bench = Bench::new();
        bench.mem.add_region(RAM, RAM_LEN, RegionKind::Ram);
        bench.mem.add_region(0, 0x1000, RegionKind::Rom);
        let virtio = Virtio::new(PLACE, make(&mut bench));
        Self { bench, virtio, next: vec![0; 4], free: 0 }
    }

    pub(super) fn new(make: impl FnOnce(&mut Bench) -> Box<dyn VirtioDevice>) -> Self {
        let mut rig = Self::cold(make);
        rig.start(feature::INDIRECT_DESC);
        rig
    }

    /// What a driver does with a device that it has found.
    pub(super) fn start(&mut self, features: u64) {
        self.set_status(status::ACKNOWLEDGE | status::DRIVER);
        self.virtio.accept(features | feature::VERSION_1);
        self.set_status(status::ACKNOWLEDGE | status::DRIVER | status::FEATURES_OK);
        assert_ne!(self.virtio.status() & status::FEATURES_OK, 0);
        for number in 0..4u16 {
            let Some(queue) = self.virtio.queue_setup(number.into()) else { break };
            queue.size = SIZE;
            queue.descriptors = table(number);
            queue.driver = available(number);
            queue.device = used(number);
            self.virtio.set_queue_ready(&mut self.bench.cx(), number.into(), true);
        }
        self.set_status(self.virtio.status() | status::DRIVER_OK);
        assert!(self.fault().is_none(), "{:?}", self.fault());
    }

    pub(super) fn set_status(&mut self, value: u8) {
        self.virtio.set_status(&mut self.bench.cx(), value);
    }

    pub(super) fn write(&mut self, address: u64, bytes: &[u8]) {
        self.bench.mem.write_bytes(address, bytes).unwrap();
    }

    pub(super) fn read(&self, address: u64, len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        self.bench.mem.read_bytes(address, &mut bytes).unwrap();
        bytes
    }

    pub(super) fn read_u16(&self, address: u64) -> u16 {
        u16::from_le_bytes(self.read(address, 2).try_into().unwrap())
    }

    pub(super) fn descriptor(&mut self, at: u64, buffer: (u64, u32), flags: u16, next: u16) {
        let bytes = [
            &buffer.0.to_le_bytes()[..],
            &buffer.1.to_le_bytes(),
            &flags.to_le_bytes(),
            &next.to_le_bytes(),
        ];
        self.write(at, &bytes.concat());
    }

    /// Writes a chain into free descriptors of a queue; gives its head.
    pub(super) fn chain(&mut self, queue: u16, buffers: &[Buffer]) -> u16 {
        let head = self.free;
        for (place, (address, len, device_writes)) in buffers.iter().enumerate() {
            let index = (head + place as u16) % SIZE;
            let last = place + 1 == buffers.len();
            let flags = if *device_writes { descriptor::WRITE } else { 0 }
                | if last { 0 } else { descriptor::NEXT };
            let at = table(queue) + u64::from(index) * 16;
            self.descriptor(at, (*address, *len), flags, (index + 1) % SIZE);
        }
        self.free = (head + buffers.len() as u16) % SIZE;
        head
    }

    /// Makes a chain available without a word.
    pub(super) fn offer(&mut self, queue: u16, head: u16) {
        let next = self.next[usize::from(queue)];
        self.write(available(queue) + 4 + u64::from(next % SIZE) * 2, &head.to_le_bytes());
        self.next[usize::from(queue)] = next.wrapping_add(1);
        self.write(available(queue) + 2, &next.wrapping_add(1).to_le_bytes());
    }

    /// Makes a chain available and says so.
    pub(super) fn submit(&mut self, queue: u16, buffers: &[Buffer]) -> u16 {
        let head = self.chain(queue, buffers);
        self.offer(queue, head);
        self.notify(queue);
        head
    }

    pub(super) fn notify(&mut self, queue: u16) {
        self.virtio.notify(&mut self.bench.cx(), queue.into());
    }

    /// What the device has given back: heads, and bytes written.
    pub(super) fn done(&self, queue: u16) -> Vec<(u32, u32)> {
        let word = |at| u32::from_le_bytes(self.read(at, 4).try_into().unwrap());
        let entry = |index: u16| used(queue) + 4 + u64::from(index % SIZE) * 8;
        (0..self.read_u16(used(queue) + 2))
            .map(|index| (word(entry(index)), word(entry(index) + 4)))
            .collect()
    }

    /// Lets time pass, and the device do what is due.
    pub(super) fn run_until(&mut self, ns: u64) {
        let target = lockstep_core::VirtualTime::from_ns(ns);
        while let Some((time, _)) = self.bench.bp.calendar.next().filter(|(t, _)| *t <= target) {
            self.bench.bp.clock.warp_to(self.bench.bp.retired, time);
            let (_, id) = self.bench.bp.calendar.take_due(self.bench.bp.now()).unwrap();
            self.virtio.due(&mut self.bench.cx(), id.number);
        }
        self.bench.bp.clock.warp_to(self.bench.bp.retired, target);
    }

    /// What the device reported, if it cannot go on.
    pub(super) fn fault(&self) -> Option<String> {
        let report = |output: &lockstep_core::Output| match output {
            lockstep_core::Output::Report(report) => Some(report.clone()),
            _ => None,
        };
        let report = self.bench.bp.outputs.iter().find_map(report);
        let asks = self.virtio.status() & status::NEEDS_RESET != 0;
        assert_eq!(report.is_some(), asks, "a fault and its report go together: {report:?}");
        report
    }
}
