//! Logs for tests: one with every kind of event in it, and runs of any length.
//!
//! Shared by the tests inside the crate and those that use it from outside; none uses all of it.
#![allow(dead_code, unreachable_pub)]

use lockstep_core::{
    EntryId, Event, Input, InterruptClass, Level, Moment, Owner, StateDigest, StopReason, VcpuId,
    VirtualTime, What,
};

use lockstep_log::{Header, ImageRecord, ImageRole, MachineRecord};

pub(crate) const KERNEL: &[u8] = b"not much of a kernel";
pub(crate) const BIOS: &[u8] = b"";

pub(crate) fn header() -> Header {
    Header {
        creator: "lockstep 0.1.0".to_owned(),
        level: Level::Full,
        machine: MachineRecord {
            arch: "aarch64".to_owned(),
            board: "virt".to_owned(),
            options: [("gic".to_owned(), "3".to_owned())].into(),
            cpu: "generic".to_owned(),
            memory: 512 << 20,
            vcpus: 2,
            seed: 7,
            start_date: 1_700_000_000,
            append: "console=ttyAMA0 \"quoted\"".to_owned(),
            script: "after '=> '\n  type 'version\\n'\n".to_owned(),
            ..MachineRecord::default()
        },
        images: vec![
            ImageRecord::of(ImageRole::Kernel, "hello.elf", KERNEL),
            ImageRecord::of(ImageRole::Bios, "u-boot.bin", BIOS),
        ],
        bundled: false,
    }
}

/// At least one event of every kind, and of every shape of its contents.
pub(crate) fn events() -> Vec<Event> {
    let id = |owner, number| EntryId { owner, number };
    let time = VirtualTime::from_ns;
    let timer = id(Owner::Vcpu(VcpuId(1)), 0);
    let device = id(Owner::Device(3), 12);
    let report = || "vCPU 0 waits at \"0x40000000\"\n\u{e9}".to_owned();
    let mut list = vec![
        (0, 0, What::Input(Input::Console { port: 0, bytes: b"ls\n\"\\\x00\xff".to_vec() })),
        (0, 0, What::Input(Input::PowerKey)),
        (9, 0, What::Input(Input::Reset)),
        (9, 0, What::Input(Input::TimePasses { to: time(150) })),
        (9, 0, What::Input(Input::Stop)),
        (9, 0, What::Input(Input::HostRead { device: 6, request: 1 << 40, good: true })),
        (9, 0, What::Input(Input::Keyframe)),
    ];
    for byte in *b"\r\nhi\n" {
        list.push((40, 0, What::ConsoleOut { port: 0, byte }));
    }
    list.extend([
        (50, 1, What::Due { id: timer, armed_for: time(180) }),
        (51, 0, What::Due { id: device, armed_for: time(u64::MAX) }),
        (51, 0, What::Warp { to: time(1_000_000) }),
        (52, 1, What::Interrupt { class: InterruptClass::Irq, pc: 0xffff_8000_0801_2340 }),
        (53, 1, What::Interrupt { class: InterruptClass::Fiq, pc: 0xffff_8000_0801_2344 }),
        (54, 1, What::Interrupt { class: InterruptClass::SError, pc: 0 }),
        (60, 1, What::Switch { from: VcpuId(0) }),
        (61, 1, What::VcpuOn { entry: 0x4008_0000 }),
        (62, 1, What::VcpuOff),
        (63, 0, What::MachineReset),
        (70, 0, What::Completion { device: 3, request: 17, status: 5 }),
        (71, 0, What::DeviceFault { device: 6, report: report() }),
        (
            80,
            0,
            What::Exception {
                class: 0x15,
                syndrome: 0x5600_0000,
                address: u64::MAX,
                pc: 0x4000_1000,
            },
        ),
        (81, 0, What::TlbFill { page: 0x7000, frame: 0x4000_7000, attributes: 0x703 }),
        (81, 0, What::TlbFill { page: 0x6000, frame: 0x4000_8000, attributes: 0x703 }),
        (1 << 40, 0, What::Digest { events: u64::MAX - 1, state: StateDigest(1 << 127 | 5) }),
        (1 << 41, 0, What::Stop(StopReason::PowerOff)),
        (1 << 41, 0, What::Stop(StopReason::Reset)),
        (1 << 41, 0, What::Stop(StopReason::GuestExit(-3))),
        (1 << 41, 0, What::Stop(StopReason::Requested)),
        (1 << 41, 0, What::Stop(StopReason::Dead(report()))),
        (1 << 41, 0, What::Stop(StopReason::Unimplemented(report()))),
    ]);
    stamp(list)
}

/// Gives events their ordinals, as the journal does.
pub(crate) fn stamp(list: Vec<(u64, u16, What)>) -> Vec<Event> {
    let mut next = Moment::START;
    let mut events = Vec::new();
    for (retired, vcpu, what) in list {
        let at = if next.retired == retired { next } else { Moment::at(retired) };
        next = Moment { retired, ordinal: at.ordinal + 1 };
        events.push(Event { at, vcpu: VcpuId(vcpu), what });
    }
    events
}

/// A run of some length: digests, console text and timers, enough for several frames.
pub(crate) fn long_run(lines: u64) -> Vec<Event> {
    let mut list = Vec::new();
    for line in 0..lines {
        let start = line * 10_000;
        let due = EntryId { owner: Owner::Vcpu(VcpuId(0)), number: 0 };
        let ns = (start + 1000) * 4;
        list.push((start, 0, What::Warp { to: VirtualTime::from_ns(ns) }));
        list.push((start, 0, What::Due { id: due, armed_for: VirtualTime::from_ns(ns) }));
        let pc = 0x4008_0000 + line % 7 * 4;
        list.push((start, 0, What::Interrupt { class: InterruptClass::Irq, pc }));
        for (place, byte) in format!("line {line}\n").bytes().enumerate() {
            list.push((start + 10 + place as u64 * 20, 0, What::ConsoleOut { port: 0, byte }));
        }
        let state = StateDigest::of(&line.to_le_bytes());
        let events = state.0 as u64;
        list.push((start + 9000, 0, What::Digest { events, state }));
    }
    list.push((lines * 10_000, 0, What::Stop(StopReason::PowerOff)));
    stamp(list)
}
