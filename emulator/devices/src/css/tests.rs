use lockstep_core::{Owner, VirtualTime};
use lockstep_memory::RegionKind;

use super::spec::{ccw, channel_status, device_status, pmcw, scsw};
use super::*;
use crate::testing::Bench;

/// A device that keeps what is written to it and gives it back.
#[derive(Default)]
struct Echo {
    kept: Vec<u8>,
}

const WRITE: u8 = 0x01;
const READ: u8 = 0x02;
const RAISE: u8 = 0x07;

impl CcwDevice for Echo {
    fn identity(&self) -> Identity {
        Identity { control_unit: (0x3832, 2), device: (0, 0) }
    }

    fn command(
        &mut self,
        cx: &mut DeviceCx<'_>,
        code: u8,
        data: &mut Data,
        signals: &mut Signals,
    ) -> Result<(), Rejected> {
        match code {
            WRITE => {
                self.kept = vec![0; data.left() as usize];
                data.fetch(cx.mem, &mut self.kept)?;
            }
            READ => {
                data.store(cx.mem, &self.kept)?;
            }
            RAISE => signals.adapter(3),
            _ => return Err(Rejected::Sense(spec::SENSE_COMMAND_REJECT)),
        }
        Ok(())
    }

    fn reset(&mut self, _cx: &mut DeviceCx<'_>) {
        self.kept.clear();
    }

    fn save(&self, name: &str, to: &mut Saved) {
        to.put(name, 1, &self.kept);
    }

    fn restore(&mut self, name: &str, from: &Saved) -> Result<(), RestoreError> {
        self.kept = from.get(name, 1)?;
        Ok(())
    }
}

const ID: u32 = 0x1_0000;
const PROGRAM_AT: u32 = 0x2000;
const DATA_AT: u32 = 0x3000;
const FORMAT_1: u16 = orb::FORMAT_1;

struct World {
    bench: Bench,
    css: Css,
    keys: Keys,
}

/// Frames whose key is 3: those that may not be stored into by others, and those that may not even be fetched from.
#[derive(Default)]
struct Keys {
    no_store: Vec<u64>,
    no_fetch: Vec<u64>,
}

impl Protection for Keys {
    fn permits(&self, address: u64, key: u8) -> (bool, bool) {
        let is = |frames: &Vec<u64>| key != 3 && frames.contains(&(address >> 12));
        let no_fetch = is(&self.no_fetch);
        (!no_fetch, !no_fetch && !is(&self.no_store))
    }
}

fn css() -> Css {
    Css::new(7, vec![(0x1234, Box::new(Echo::default())), (0x1235, Box::new(Echo::default()))])
}

impl World {
    fn new() -> Self {
        let mut world = Self { bench: Bench::new(), css: css(), keys: Keys::default() };
        world.bench.mem.add_region(0, 0x10_0000, RegionKind::Ram);
        for (number, isc) in [(0, 3), (1, 2)] {
            world.enable(ID + number, isc);
        }
        world
    }

    fn enable(&mut self, id: u32, isc: u16) {
        let mut block = self.css.store(id).unwrap().unwrap();
        block[..4].copy_from_slice(&(0xcafe_0000 | id & 0xff).to_be_bytes());
        let flags = pmcw::ENABLED | isc << pmcw::ISC_SHIFT;
        block[4..6].copy_from_slice(&flags.to_be_bytes());
        assert_eq!(self.css.modify(id, &block), Ok(0));
    }

    /// Puts a channel program of format 1 into memory: code, flags, count, address.
    fn program(&mut self, commands: &[(u8, u8, u16, u32)]) {
        for (number, (code, flags, count, data)) in commands.iter().enumerate() {
            let [c0, c1] = count.to_be_bytes();
            let [d0, d1, d2, d3] = data.to_be_bytes();
            let at = u64::from(PROGRAM_AT) + 8 * number as u64;
            self.poke(at, [*code, *flags, c0, c1, d0, d1, d2, d3]);
        }
    }

    fn orb(control: u16) -> [u8; orb::LEN] {
        let mut block = [0; orb::LEN];
        block[..4].copy_from_slice(&0xbeef_u32.to_be_bytes());
        block[4..6].copy_from_slice(&control.to_be_bytes());
        block[6] = 0xff;
        block[8..].copy_from_slice(&PROGRAM_AT.to_be_bytes());
        block
    }

    fn start(&mut self, id: u32, control: u16) -> u8 {
        self.css.start(&mut self.bench.cx(), id, &Self::orb(control)).unwrap()
    }

    /// Lets everything happen that is in the calendar.
    fn settle(&mut self) {
        while let Some((time, _)) = self.bench.bp.calendar.next() {
            self.bench.bp.clock.warp_to(self.bench.bp.retired, time);
            let (_, id) = self.bench.bp.calendar.take_due(self.bench.bp.now()).unwrap();
            assert_eq!(id.owner, Owner::Device(7));
            self.css.due(&mut self.bench.cx(), id.number, &self.keys);
        }
    }

    /// Runs a program on the first subchannel; its status: device, subchannel, count.
    fn run(&mut self, control: u16) -> (u8, u8, u16) {
        assert_eq!(self.start(ID, control), 0);
        self.settle();
        let (code, block) = self.test(ID);
        assert_eq!(code, 0);
        (block[8], block[9], u16::from_be_bytes([block[10], block[11]]))
    }

    fn test(&mut self, id: u32) -> (u8, [u8; irb::LEN]) {
        let (code, block) = self.css.test(&mut self.bench.cx(), id).unwrap();
        (code, block.unwrap())
    }

    fn poke<const N: usize>(&mut self, at: u64, bytes: [u8; N]) {
        self.bench.mem.write_bytes(at, &bytes).unwrap();
    }

    fn bytes<const N: usize>(&self, at: u32) -> [u8; N] {
        self.bench.mem.read(at.into()).unwrap()
    }
}

const ENDED: u8 = device_status::CHANNEL_END | device_status::DEVICE_END;

/// Catches an identity in the wrong place, in either format of commands, and a transfer in channel that is not followed.
#[test]
fn a_device_tells_what_it_is() {
    let mut world = World::new();
    world.program(&[(ccw::SENSE_ID, 0, 7, DATA_AT)]);
    assert_eq!(world.run(FORMAT_1), (ENDED, 0, 0));
    assert_eq!(world.bytes(DATA_AT), [0xff, 0x38, 0x32, 2, 0, 0, 0]);

    world.poke(PROGRAM_AT.into(), [0x03, 0, 0, 0, ccw::CHAIN_COMMAND, 0, 0, 1]);
    world.poke(u64::from(PROGRAM_AT) + 8, [0x08, 0, 0x21, 0, 0, 0, 0, 0]);
    world.poke(0x2100, [ccw::SENSE_ID, 0, 0x40, 0, ccw::SUPPRESS_LENGTH, 0, 0, 16]);
    assert_eq!(world.run(0), (ENDED, 0, 9));
    assert_eq!(world.bytes(0x4000), [0xff, 0x38, 0x32, 2, 0, 0, 0]);
}

/// Catches data that is chained or indirect in the wrong order, a skipped byte, and a count that is off.
#[test]
fn data_comes_in_pieces() {
    let mut world = World::new();
    world.poke(DATA_AT.into(), *b"abcdefgh");
    for (number, address) in [0x50_ffeu32, 0x6_0000].into_iter().enumerate() {
        world.poke(0x2800 + 4 * number as u64, address.to_be_bytes());
    }
    let chained = ccw::CHAIN_DATA;
    world.program(&[
        (WRITE, chained, 3, DATA_AT + 5),
        (0, chained, 2, DATA_AT),
        (0, ccw::CHAIN_COMMAND, 1, DATA_AT + 2),
        (READ, ccw::INDIRECT, 6, 0x2800),
    ]);
    assert_eq!(world.run(FORMAT_1), (ENDED, 0, 0));
    assert_eq!(world.bytes(0x5_0ffe), *b"fg");
    assert_eq!(world.bytes(0x6_0000), *b"habc");
    // Nothing is written where the program skips, and an incorrect length ends the chain.
    world.program(&[(READ, ccw::SKIP | ccw::CHAIN_COMMAND, 9, DATA_AT), (RAISE, 0, 0, 0)]);
    assert_eq!(world.run(FORMAT_1), (ENDED, channel_status::INCORRECT_LENGTH, 3));
    assert_eq!(world.bytes(DATA_AT), *b"abc");
    assert_eq!(world.css.pending(), 0);
}

/// Catches a wrong program that runs, hangs, or panics.
#[test]
fn wrong_programs_are_checked() {
    let check = channel_status::PROGRAM_CHECK;
    let transfer = (ccw::TRANSFER, 0, 0, PROGRAM_AT);
    let programs: [&[(u8, u8, u16, u32)]; 9] = [
        &[(0, 0, 1, DATA_AT)],
        &[(ccw::SENSE_ID, ccw::CHAIN_DATA, 0, DATA_AT)],
        &[transfer],
        &[(3, ccw::CHAIN_COMMAND, 0, 0), (ccw::TRANSFER, 0, 0, PROGRAM_AT + 16), transfer],
        &[(3, ccw::CHAIN_COMMAND, 0, 0), (ccw::TRANSFER, 0, 0, PROGRAM_AT + 4)],
        &[(3, ccw::CHAIN_COMMAND, 0, 0), transfer],
        &[(WRITE, 0, 4, 0x20_0000)],
        &[(WRITE, ccw::INDIRECT, 4, 0x20_0000)],
        &[(WRITE, ccw::SUSPEND, 4, DATA_AT)],
    ];
    for program in programs {
        let mut world = World::new();
        world.program(program);
        let (_, status, _) = world.run(FORMAT_1);
        assert_eq!(status & check, check, "{program:?}");
    }
}

/// Catches a device that seems to have ended a command that it was never given.
#[test]
fn a_first_command_can_be_refused() {
    let check = channel_status::PROGRAM_CHECK;
    let mut world = World::new();
    world.program(&[(0, 0, 1, DATA_AT)]);
    assert_eq!(world.run(FORMAT_1), (0, check, 0));
    world.program(&[(3, ccw::CHAIN_COMMAND, 0, 0), (0, 0, 1, DATA_AT)]);
    assert_eq!(world.run(FORMAT_1), (ENDED, check, 0));
}

/// Catches a device that has more than the program has room for, and an end that does not say so.
#[test]
fn room_can_be_short() {
    let mut world = World::new();
    world.program(&[(ccw::SENSE_ID, 0, 4, DATA_AT)]);
    assert_eq!(world.run(FORMAT_1), (ENDED, channel_status::INCORRECT_LENGTH, 0));
    world.program(&[(ccw::SENSE_ID, ccw::SUPPRESS_LENGTH, 4, DATA_AT)]);
    assert_eq!(world.run(FORMAT_1), (ENDED, 0, 0));
}

/// Catches a command that a device rejects without saying so, and sense bytes that stay.
#[test]
fn a_rejected_command_leaves_sense() {
    let mut world = World::new();
    world.program(&[(0x55, ccw::CHAIN_COMMAND, 1, DATA_AT), (RAISE, 0, 0, 0)]);
    assert_eq!(world.run(FORMAT_1), (ENDED | device_status::UNIT_CHECK, 0, 1));
    world.program(&[(ccw::SENSE, 0, 32, DATA_AT)]);
    for expected in [spec::SENSE_COMMAND_REJECT, 0] {
        assert_eq!(world.run(FORMAT_1), (ENDED, 0, 0));
        assert_eq!(world.bytes(DATA_AT), [expected]);
    }
}

/// Catches condition codes that are wrong while something is pending or under way.
#[test]
fn condition_codes() {
    let mut world = World::new();
    world.program(&[(RAISE, 0, 0, 0)]);
    assert_eq!(world.start(ID + 9, FORMAT_1), 3);
    assert_eq!(world.test(ID).0, 1);
    assert_eq!(world.start(ID, FORMAT_1), 0);
    assert_eq!(world.start(ID, FORMAT_1), 2);
    let block = world.css.store(ID).unwrap().unwrap();
    assert_eq!(world.css.modify(ID, &block), Ok(2));
    world.settle();
    assert_eq!(world.start(ID, FORMAT_1), 1);
    assert_eq!(world.css.modify(ID, &block), Ok(1));
    assert_eq!(world.test(ID).0, 0);
    assert_eq!(world.test(ID).0, 1);
    assert_eq!(world.css.store(5), Err(IoFault::Operand));
    assert_eq!(world.css.store(ID + 2), Ok(None));
}

/// Catches a channel program that runs although it was halted, cleared or cancelled.
#[test]
fn stopped_programs_do_not_run() {
    for (stop, control) in [
        (Css::halt as fn(&mut Css, &mut DeviceCx<'_>, u32) -> _, scsw::HALT | scsw::PRIMARY),
        (Css::clear, scsw::CLEAR),
        (Css::cancel, 0),
    ] {
        let mut world = World::new();
        world.program(&[(RAISE, 0, 0, 0)]);
        assert_eq!(world.start(ID, FORMAT_1), 0);
        assert_eq!(stop(&mut world.css, &mut world.bench.cx(), ID), Ok(0));
        world.settle();
        assert_eq!(world.css.pending() & 0x10 != 0, control != 0);
        let (_, block) = world.test(ID);
        let found = u16::from_be_bytes([block[2], block[3]]) & !(scsw::PENDING | scsw::START);
        assert_eq!(found, control);
    }
}

/// Catches a suspended program that starts over, or is never heard of.
#[test]
fn suspended_programs_resume() {
    let mut world = World::new();
    world.poke(DATA_AT.into(), *b"xy");
    world.program(&[
        (WRITE, ccw::CHAIN_COMMAND, 1, DATA_AT),
        (WRITE, ccw::SUSPEND | ccw::CHAIN_COMMAND, 1, DATA_AT + 1),
        (READ, 0, 1, DATA_AT + 2),
    ]);
    assert_eq!(world.start(ID, FORMAT_1 | orb::SUSPEND), 0);
    world.settle();
    let (code, block) = world.test(ID);
    let control = u16::from_be_bytes([block[2], block[3]]);
    assert_eq!(code, 0);
    assert_eq!(control & scsw::STATUS, scsw::INTERMEDIATE | scsw::PENDING);
    assert_eq!(control & scsw::SUSPENDED, scsw::SUSPENDED);
    assert_eq!(world.css.resume(&mut world.bench.cx(), ID), Ok(0));
    world.settle();
    assert_eq!(world.test(ID).0, 0);
    assert_eq!(world.bytes(DATA_AT + 2), *b"y");
    assert_eq!(world.css.resume(&mut world.bench.cx(), ID), Ok(2));
}

/// Catches interruptions in another order than by subclass, adapter, subchannel, or one that comes twice.
#[test]
fn interruptions_have_an_order() {
    let mut world = World::new();
    world.program(&[(RAISE, 0, 0, 0)]);
    assert_eq!((world.start(ID, FORMAT_1), world.start(ID + 1, FORMAT_1)), (0, 0));
    world.settle();
    assert_eq!(world.css.pending(), 0x30);
    let mut taken = Vec::new();
    while let Some(interruption) = world.css.take(0xff) {
        taken.push((interruption.id, interruption.parameter, interruption.word));
    }
    let expected =
        [(ID + 1, 0xbeef, 2 << 27), (0, 0, spec::ADAPTER | 3 << 27), (ID, 0xbeef, 3 << 27)];
    assert_eq!(taken, expected);
    // The status is still there to be tested.
    assert_eq!(world.test(ID).0, 0);
}

/// Catches state that a snapshot forgets: a program under way, pending interruptions, the devices' own; and a reset that
/// leaves some.
#[test]
fn saves_all_and_resets_all() {
    let mut world = World::new();
    world.poke(DATA_AT.into(), *b"x");
    world.program(&[(WRITE, ccw::CHAIN_COMMAND, 1, DATA_AT), (RAISE, 0, 0, 0)]);
    assert_eq!(world.start(ID + 1, FORMAT_1), 0);
    world.settle();
    assert_eq!(world.start(ID, FORMAT_1), 0);
    let mut saved = Saved::default();
    world.css.save("css", &mut saved);
    let mut other = css();
    other.restore("css", &saved).unwrap();
    let mut again = Saved::default();
    other.save("css", &mut again);
    assert_eq!(saved, again);
    world.css.reset(&mut world.bench.cx());
    let (mut after, mut fresh) = (Saved::default(), Saved::default());
    world.css.save("css", &mut after);
    css().save("css", &mut fresh);
    assert_eq!(after, fresh);
    assert_eq!(world.bench.bp.calendar.next(), None);
    assert!(world.bench.bp.now() > VirtualTime::ZERO);
}

/// Catches an answer outside its block, or one to a question that nobody can answer.
#[test]
fn calls_describe_the_subsystem() {
    let css = css();
    let ask = |length: u16, command: u16, rest: &[u8]| {
        let mut block = [0; spec::chsc::BLOCK];
        block[..2].copy_from_slice(&length.to_be_bytes());
        block[2..4].copy_from_slice(&command.to_be_bytes());
        block[4..4 + rest.len()].copy_from_slice(rest);
        css.call(&mut block).map(|()| block[usize::from(length).min(4000)..].to_vec())
    };
    let path = ask(16, 0x0002, &[0, 0, 0, 0, 0, 0, 0, 0]).unwrap();
    assert_eq!(path[..16], [0, 16, 0, 1, 0, 0, 0, 0, 0x80, 0, 0x32, 0, 0, 0, 0, 0]);
    assert_eq!(ask(16, 0x0010, &[]).unwrap()[..4], [0x0f, 0xf0, 0, 1]);
    assert_eq!(ask(16, 0x000e, &[]).unwrap()[2..4], [0, 5]);
    assert_eq!(ask(16, 0x7777, &[]).unwrap()[2..4], [0, 4]);
    for length in [0, 8, 17, 4096, u16::MAX] {
        assert_eq!(ask(length, 2, &[]), Err(IoFault::Operand), "{length}");
    }
}

/// Catches a channel program that stores or fetches where its key may not: data, chained and indirect, commands, and lists; and one
/// that is refused although its key is the right one, or zero.
#[test]
fn storage_keys_protect() {
    const KEY: u16 = 0x5000;
    let check = (ENDED, channel_status::PROTECTION_CHECK);
    let run = |keys: Keys, program: &[(u8, u8, u16, u32)], control: u16| {
        let mut world = World::new();
        world.keys = keys;
        world.poke(DATA_AT.into(), *b"abcdefgh");
        world.poke(0x2800, (DATA_AT + 0xffe).to_be_bytes());
        world.poke(0x2804, 0x4000u32.to_be_bytes());
        world.program(program);
        let (device, channel, _) = world.run(FORMAT_1 | control);
        ((device, channel), world.bytes::<2>(DATA_AT + 0x1000))
    };
    let no_store = || Keys { no_store: vec![4], no_fetch: vec![] };
    let no_fetch = |frame| Keys { no_store: vec![], no_fetch: vec![frame] };
    let write = (WRITE, ccw::CHAIN_COMMAND, 8, DATA_AT);
    let read = [write, (READ, 0, 8, 0x4000)];
    assert_eq!(run(no_store(), &read, KEY), (check, [0, 0]));
    assert_eq!(run(no_store(), &read, 0), ((ENDED, 0), *b"ab"));
    assert_eq!(run(no_store(), &read, 0x3000), ((ENDED, 0), *b"ab"));
    // Where a key permits fetching, and where nothing is transferred: behind what the device has, and skipped.
    let fetch = [write, (WRITE, 0, 8, 0x4000)];
    assert_eq!(run(no_store(), &fetch, KEY).0, (ENDED, 0));
    let short = [write, (READ, ccw::SUPPRESS_LENGTH, 0x80, 0x3fc0)];
    assert_eq!(run(no_store(), &short, KEY).0, (ENDED, 0));
    let skipped = [write, (READ, ccw::SKIP, 8, 0x4000)];
    assert_eq!(run(no_store(), &skipped, KEY).0, (ENDED, 0));
    assert_eq!(run(no_fetch(4), &fetch, KEY).0, check);
    // Over a boundary; by a list, which may be protected itself; chained.
    let over = [write, (READ, 0, 8, 0x3ffc)];
    assert_eq!(run(no_store(), &over, KEY).0, check);
    let indirect = [write, (READ, ccw::INDIRECT, 4, 0x2800)];
    assert_eq!(run(no_store(), &indirect, KEY).0, check);
    let chained = [write, (READ, ccw::CHAIN_DATA, 4, DATA_AT), (0, 0, 4, 0x4000)];
    assert_eq!(run(no_store(), &chained, KEY).0, check);
    assert_eq!(run(no_fetch(2), &read, KEY).0, (0, check.1));
    let mut world = World::new();
    world.keys = no_fetch(5);
    world.program(&[(READ, ccw::INDIRECT, 4, 0x5000)]);
    let (_, channel, _) = world.run(FORMAT_1 | KEY);
    assert_eq!(channel, channel_status::PROTECTION_CHECK);
}

/// Catches an operation-request block, or a subchannel-information block, that is taken although it has bits that it cannot have.
#[test]
fn blocks_with_wrong_bits_are_refused() {
    let start = |place: usize, bits: u8| {
        let mut world = World::new();
        let mut block = World::orb(FORMAT_1);
        block[place] |= bits;
        world.css.start(&mut world.bench.cx(), ID, &block)
    };
    assert_eq!(start(0, 0), Ok(0));
    // Transport mode; reserved bits; an address of 32 bits.
    for (place, bits) in [(5, 0x04), (7, 0x02), (7, 0x20), (7, 0x40), (8, 0x80)] {
        assert_eq!(start(place, bits), Err(IoFault::Operand), "{place} {bits:#x}");
    }
    let mut world = World::new();
    // No path is another matter: there is nothing to start on.
    let mut nowhere = World::orb(FORMAT_1);
    nowhere[6] = 0;
    assert_eq!(world.css.start(&mut world.bench.cx(), ID, &nowhere), Ok(3));
    let block = world.css.store(ID).unwrap().unwrap();
    for (place, bits) in [(4, 0x80), (4, 0x40), (5, 0x60), (24, 0x01), (26, 0x80)] {
        let mut block = block;
        block[place] |= bits;
        assert_eq!(world.css.modify(ID, &block), Err(IoFault::Operand), "{place} {bits:#x}");
    }
    assert_eq!(world.css.modify(ID, &block), Ok(0));
}
