use lockstep_memory::RegionKind;

use super::*;
use crate::css::spec::{ccw, orb, pmcw};
use crate::css::{Css, Interruption, Unprotected};
use crate::testing::Bench;
use crate::virtio::entropy::Entropy;
use crate::virtio::spec::status;

const ID: u32 = 0x1_0000;
const PROGRAM: u32 = 0x2000;
const DATA: u32 = 0x3000;
const PLACE: u16 = 9;
/// Descriptors, available ring, used ring, buffer.
const RING: [u64; 4] = [0x1_0000, 0x1_1000, 0x1_2000, 0x1_3000];
const SUMMARY: u64 = 0x4000;
const BITS: u64 = 0x4100;

struct World {
    bench: Bench,
    css: Css,
}

fn css() -> Css {
    let device = VirtioCcw::new(PLACE, Box::new(Entropy::new(7)));
    Css::new(1, vec![(0, Box::new(device))])
}

impl World {
    fn new() -> Self {
        let mut world = Self { bench: Bench::new(), css: css() };
        world.bench.mem.add_region(0, 0x10_0000, RegionKind::Ram);
        let mut block = world.css.store(ID).unwrap().unwrap();
        block[4..6].copy_from_slice(&(pmcw::ENABLED | 3 << pmcw::ISC_SHIFT).to_be_bytes());
        assert_eq!(world.css.modify(ID, &block), Ok(0));
        world
    }

    fn poke(&mut self, at: u64, bytes: &[u8]) {
        self.bench.mem.write_bytes(at, bytes).unwrap();
    }

    fn bytes<const N: usize>(&self, at: u64) -> [u8; N] {
        self.bench.mem.read(at).unwrap()
    }

    /// Gives one command with data; whether the device took it.
    fn command(&mut self, code: u8, data: &[u8]) -> bool {
        self.poke(DATA.into(), data);
        let mut word = [code, ccw::SUPPRESS_LENGTH, 0, data.len() as u8, 0, 0, 0, 0];
        word[4..].copy_from_slice(&DATA.to_be_bytes());
        self.poke(PROGRAM.into(), &word);
        let mut block = [0; orb::LEN];
        block[4..6].copy_from_slice(&orb::FORMAT_1.to_be_bytes());
        block[6] = 0xff;
        block[8..].copy_from_slice(&PROGRAM.to_be_bytes());
        assert_eq!(self.css.start(&mut self.bench.cx(), ID, &block), Ok(0));
        self.settle();
        self.css.take(0x10).unwrap();
        let (_, irb) = self.css.test(&mut self.bench.cx(), ID).unwrap();
        irb.unwrap()[8] & crate::css::spec::device_status::UNIT_CHECK == 0
    }

    /// Lets everything happen that is in the calendar.
    fn settle(&mut self) {
        while let Some((time, _)) = self.bench.bp.calendar.next() {
            self.bench.bp.clock.warp_to(self.bench.bp.retired, time);
            let (_, id) = self.bench.bp.calendar.take_due(self.bench.bp.now()).unwrap();
            let mut cx = self.bench.cx();
            match id.owner {
                lockstep_core::Owner::Device(PLACE) => {
                    self.css.device(&mut cx, 0, |device, cx, signals| {
                        device.due(cx, id.number, signals);
                    });
                }
                _ => self.css.due(&mut cx, id.number, &Unprotected),
            }
        }
    }

    /// What a driver does with a device that it has found.
    fn start(&mut self) {
        assert!(self.command(command::SET_REVISION, &[0, 2, 0, 0]));
        assert!(self.command(command::RESET, &[]));
        for bits in [1, 3] {
            assert!(self.command(command::WRITE_STATUS, &[bits]));
        }
        assert!(self.command(command::READ_FEATURES, &[0, 0, 0, 0, 1]));
        assert_eq!(self.bytes(DATA.into()), [1, 0, 0, 0, 1]);
        assert!(self.command(command::WRITE_FEATURES, &[0, 0, 0, 0, 0]));
        assert!(self.command(command::WRITE_FEATURES, &[1, 0, 0, 0, 1]));
        assert!(self.command(command::WRITE_STATUS, &[3 | status::FEATURES_OK]));
        assert!(self.command(command::READ_QUEUE, &[0, 0, 0, 0]));
        assert_ne!(self.bytes(u64::from(DATA) + 2), [0, 0]);
        let mut block = [0; spec::QUEUE_BLOCK];
        block[..8].copy_from_slice(&RING[0].to_be_bytes());
        block[14..16].copy_from_slice(&8u16.to_be_bytes());
        block[16..24].copy_from_slice(&RING[1].to_be_bytes());
        block[24..].copy_from_slice(&RING[2].to_be_bytes());
        assert!(self.command(command::SET_QUEUE, &block));
    }

    fn go(&mut self) {
        assert!(self.command(command::WRITE_STATUS, &[0x0f]));
        assert!(self.command(command::READ_STATUS, &[0]));
        assert_eq!(self.bytes(DATA.into()), [0x0f]);
    }

    /// Asks for 16 random bytes.
    fn ask(&mut self) {
        let mut descriptor = RING[3].to_le_bytes().to_vec();
        descriptor.extend([16, 0, 0, 0, 2, 0, 0, 0]);
        self.poke(RING[0], &descriptor);
        let [next, _] = self.bytes::<2>(RING[1] + 2);
        self.poke(RING[1] + 2, &[next + 1, 0]);
        assert_eq!(self.css.notify(&mut self.bench.cx(), ID, 0), Some(0));
        assert_eq!(self.css.pending(), 0);
        self.settle();
        assert_eq!(self.bytes(RING[2] + 2), [next + 1, 0]);
    }
}

/// Catches a driver that is never told, told in the wrong bit, or by an interruption of the wrong kind.
#[test]
fn tells_through_an_adapter() {
    let mut world = World::new();
    world.start();
    let mut area = [0; spec::ADAPTER_BLOCK];
    area[..8].copy_from_slice(&SUMMARY.to_be_bytes());
    area[8..16].copy_from_slice(&BITS.to_be_bytes());
    area[23] = 11;
    area[24] = 1;
    assert!(world.command(command::SET_ADAPTER_INDICATORS, &area));
    world.go();
    world.ask();
    assert_eq!(world.bytes(BITS), [0, 0x10]);
    assert_eq!(world.bytes(SUMMARY), [1]);
    let taken = world.css.take(0xff);
    assert_eq!(taken, Some(Interruption { id: 0, parameter: 0, word: 0x8800_0000 }));
    assert_eq!(world.css.take(0xff), None);
    assert_ne!(world.bytes::<16>(RING[3]), [0; 16]);
}

/// Catches the same without adapters: attention of the subchannel, and the bit in a big-endian doubleword.
#[test]
fn tells_through_the_subchannel() {
    let mut world = World::new();
    world.start();
    assert!(world.command(command::SET_INDICATORS, &BITS.to_be_bytes()));
    world.go();
    world.ask();
    assert_eq!(u64::from_be_bytes(world.bytes(BITS)), 1);
    assert_eq!(world.css.take(0xff).unwrap().id, ID);
    let (code, irb) = world.css.test(&mut world.bench.cx(), ID).unwrap();
    assert_eq!((code, irb.unwrap()[8]), (0, 0x80));
}

/// Catches settings that a device cannot have, and a notification of nothing.
#[test]
fn nonsense_is_rejected() {
    let mut world = World::new();
    assert!(!world.command(command::SET_REVISION, &[0, 0, 0, 0]));
    assert!(!world.command(command::READ_STATUS, &[0]));
    assert!(world.command(command::SET_REVISION, &[0, 1, 0, 0]));
    assert!(!world.command(command::SET_REVISION, &[0, 1, 0, 0]));
    assert!(!world.command(command::READ_STATUS, &[0]));
    assert!(!world.command(command::WRITE_FEATURES, &[1, 0, 0, 0, 2]));
    assert!(!world.command(command::READ_FEATURES, &[0; 4]));
    assert!(!world.command(command::READ_QUEUE, &[0; 2]));
    assert!(!world.command(command::SET_QUEUE, &[0; 8]));
    let mut block = [0xff; spec::QUEUE_BLOCK];
    assert!(!world.command(command::SET_QUEUE, &block));
    block[12..14].fill(0);
    assert!(world.command(command::SET_QUEUE, &block));
    assert!(!world.command(command::SET_ADAPTER_INDICATORS, &[0xff; spec::ADAPTER_BLOCK]));
    assert!(!world.command(0x99, &[]));
    assert_eq!(world.css.notify(&mut world.bench.cx(), ID, 1), None);
    assert_eq!(world.css.notify(&mut world.bench.cx(), ID + 1, 0), None);
    // Features without the standard's own are not settled.
    assert!(world.command(command::WRITE_FEATURES, &[0, 0, 0, 0, 1]));
    assert!(!world.command(command::WRITE_STATUS, &[3 | status::FEATURES_OK]));
}

/// Catches state that a snapshot forgets: indicators, revision, rings, and a request under way.
#[test]
fn saves_all() {
    let mut world = World::new();
    world.start();
    assert!(world.command(command::SET_INDICATORS, &BITS.to_be_bytes()));
    world.go();
    world.poke(RING[0], &RING[3].to_le_bytes());
    world.poke(RING[0] + 8, &[16, 0, 0, 0, 2, 0, 0, 0]);
    world.poke(RING[1] + 2, &[1, 0]);
    assert_eq!(world.css.notify(&mut world.bench.cx(), ID, 0), Some(0));
    let mut saved = Saved::default();
    SaveState::save(&world.css, "css", &mut saved);
    let mut other = css();
    SaveState::restore(&mut other, "css", &saved).unwrap();
    let mut again = Saved::default();
    SaveState::save(&other, "css", &mut again);
    assert_eq!(saved, again);
    world.css = other;
    world.settle();
    assert_eq!(u64::from_be_bytes(world.bytes(BITS)), 1);
}
