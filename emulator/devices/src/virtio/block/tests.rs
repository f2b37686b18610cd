//! What a driver of the disk relies on.

use lockstep_core::{HostRead, Input, Output, SaveState, Saved};

use super::{Block, Disk, ImageError, spec};
use crate::testing::Bench;
use crate::virtio::testing::{BUFFERS, PLACE, Rig};
use crate::virtio::{VirtioDevice, console, entropy, net};

const SECTORS: u64 = 64;
const HEAD: u64 = BUFFERS;
const DATA: u64 = BUFFERS + 0x1000;
const STATUS: u64 = BUFFERS + 0x800;

/// One device of each kind, for tests of all.
pub(crate) fn device(bench: &mut Bench, kind: u32) -> Box<dyn VirtioDevice> {
    match kind {
        0 => Box::new(drive(bench, false)),
        1 => Box::new(console::Console::new(0)),
        2 => Box::new(entropy::Entropy::new(1)),
        _ => Box::new(net::Net::default()),
    }
}

fn image() -> Vec<u8> {
    (0..SECTORS * spec::SECTOR).map(|place| (place / spec::SECTOR * 3 + place % 7) as u8).collect()
}

fn drive(bench: &mut Bench, live: bool) -> Block {
    Block::new(Disk::new(&mut bench.mem, image().into()).unwrap(), 0, live)
}

fn rig(live: bool) -> Rig {
    Rig::new(|bench| Box::new(drive(bench, live)))
}

fn head(rig: &mut Rig, kind: u32, sector: u64) {
    rig.write(HEAD, &[&kind.to_le_bytes()[..], &[0; 4], &sector.to_le_bytes()].concat());
    rig.write(STATUS, &[0xee]);
}

fn read(rig: &mut Rig, sector: u64, len: u32) {
    head(rig, spec::request::IN, sector);
    rig.submit(0, &[(HEAD, 16, false), (DATA, len, true), (STATUS, 1, true)]);
}

fn write(rig: &mut Rig, kind: u32, sector: u64, bytes: &[u8]) -> u8 {
    head(rig, kind, sector);
    rig.write(DATA, bytes);
    rig.submit(0, &[(HEAD, 16, false), (DATA, bytes.len() as u32, false), (STATUS, 1, true)]);
    later(rig)
}

/// Lets the request complete; gives its status.
fn later(rig: &mut Rig) -> u8 {
    let now = rig.bench.bp.now().as_ns();
    rig.run_until(now + 10_000_000);
    rig.read(STATUS, 1)[0]
}

/// Catches a request that completes at once, reads the wrong place, or does not see what was written.
#[test]
fn reads_what_was_written() {
    let mut rig = rig(false);
    read(&mut rig, 3, 1024);
    assert_eq!(rig.read(STATUS, 1), [0xee]);
    assert_eq!(later(&mut rig), spec::status::OK);
    assert_eq!(rig.read(DATA, 1024), image()[3 * 512..5 * 512]);
    assert_eq!(rig.done(0), [(0, 1025)]);
    assert_eq!(write(&mut rig, spec::request::OUT, 4, &[0x5a; 512]), 0);
    read(&mut rig, 3, 1024);
    later(&mut rig);
    assert_eq!(rig.read(DATA, 512), image()[3 * 512..4 * 512]);
    assert_eq!(rig.read(DATA + 512, 512), [0x5a; 512]);
}

/// Catches a digest that knows how a disk came to what is on it, and one that does not see it.
#[test]
fn the_digest_is_one_of_the_contents() {
    let mut rig = rig(false);
    let fresh = rig.bench.mem.snapshot();
    let contents = |rig: &mut Rig| {
        let ram = lockstep_memory::PhysMem::digest;
        rig.bench.mem.restore_ram(&fresh).unwrap();
        ram(&mut rig.bench.mem)
    };
    let before = contents(&mut rig);
    write(&mut rig, spec::request::OUT, 0, &[0; 512]);
    assert_ne!(contents(&mut rig), before);
    write(&mut rig, spec::request::OUT, 0, &image()[..512]);
    assert_eq!(contents(&mut rig), before);
}

/// Catches an access past the end that panics, wraps or reads something, and sizes that are no sectors.
#[test]
fn impossible_places_are_errors() {
    let mut rig = rig(false);
    for (sector, len) in
        [(SECTORS, 512), (SECTORS - 1, 1024), (u64::MAX, 512), (1 << 55, 512), (0, 100)]
    {
        rig.write(DATA, &[0x77; 1024]);
        read(&mut rig, sector, len);
        assert_eq!(later(&mut rig), spec::status::IOERR, "{sector} {len}");
        assert_eq!(rig.read(DATA, len as usize), vec![0; len as usize]);
        let bytes = vec![1; len as usize];
        assert_eq!(write(&mut rig, spec::request::OUT, sector, &bytes), spec::status::IOERR);
    }
    assert!(rig.fault().is_none());
    assert_eq!(write(&mut rig, 99, 0, &[0; 512]), spec::status::UNSUPP);
}

/// Catches a driver that is told less than it needs, or a name that is another disk's.
#[test]
fn other_requests() {
    let mut rig = rig(false);
    assert_eq!(write(&mut rig, spec::request::FLUSH, 0, &[]), 0);
    head(&mut rig, spec::request::GET_ID, 0);
    rig.submit(0, &[(HEAD, 16, false), (DATA, 20, true), (STATUS, 1, true)]);
    assert_eq!(later(&mut rig), 0);
    assert_eq!(rig.read(DATA, 15), b"lockstep-disk0\0");
    let range = |sector: u64, sectors: u32, flags: u32| {
        [&sector.to_le_bytes()[..], &sectors.to_le_bytes(), &flags.to_le_bytes()].concat()
    };
    let zero = spec::request::WRITE_ZEROES;
    let two = [range(2, 1, 1), range(5, 2, 0)].concat();
    assert_eq!(write(&mut rig, zero, 0, &two), 0);
    assert_eq!(write(&mut rig, spec::request::DISCARD, 0, &range(9, 1, 0)), 0);
    assert_eq!(write(&mut rig, spec::request::DISCARD, 0, &range(9, 1, 1)), spec::status::UNSUPP);
    let outside = [range(0, 1, 0), range(SECTORS, 1, 0)].concat();
    assert_eq!(write(&mut rig, zero, 0, &outside), spec::status::IOERR);
    read(&mut rig, 0, 10 * 512);
    later(&mut rig);
    let mut expected = image()[..10 * 512].to_vec();
    for sector in [2, 5, 6, 9] {
        expected[sector * 512..][..512].fill(0);
    }
    assert!(rig.read(DATA, 10 * 512) == expected);
}

/// Catches a request without room for its head or status that is taken for one.
#[test]
fn shapeless_requests_stop_the_drive() {
    for buffers in
        [&[(HEAD, 15, false), (STATUS, 1, true)][..], &[(HEAD, 16, false)], &[(STATUS, 1, true)]]
    {
        let mut rig = rig(false);
        rig.submit(0, buffers);
        assert!(rig.fault().is_some_and(|report| report.contains("a disk needs")));
    }
    let mut rig = rig(false);
    read(&mut rig, 0, 512);
    rig.offer(0, 0);
    rig.notify(0);
    assert!(rig.fault().is_some_and(|report| report.contains("in use")));
}

/// Catches a live read that completes by itself, takes another's answer or one from before a reset; and an error of the
/// host that the guest does not see.
#[test]
fn live_reads_wait_for_the_host() {
    let mut rig = rig(true);
    let asked = |rig: &mut Rig| {
        read(rig, 1, 512);
        match rig.bench.bp.outputs.pop() {
            Some(Output::Read(read)) => read,
            other => panic!("{other:?}"),
        }
    };
    let answer = |rig: &mut Rig, device, request, good| {
        let input = Input::HostRead { device, request, good };
        rig.virtio.input(&mut rig.bench.cx(), &input);
        rig.read(STATUS, 1)[0]
    };
    rig.bench.bp.retired = 1000;
    let first = asked(&mut rig);
    let HostRead { device, request, disk, offset, len } = first;
    assert_eq!((device, disk, offset, len), (PLACE, 0, 512, 512));
    assert_eq!(later(&mut rig), 0xee);
    assert_eq!(answer(&mut rig, PLACE, request + (1 << 16), true), 0xee);
    assert_eq!(answer(&mut rig, PLACE + 1, request, true), 0xee);
    assert_eq!(answer(&mut rig, PLACE, request, true), 0);
    assert_eq!(rig.read(DATA, 512), image()[512..1024]);
    assert_eq!(answer(&mut rig, PLACE, request, false), 0, "an answer comes once");
    rig.bench.bp.retired = 2000;
    let second = asked(&mut rig);
    assert_eq!(answer(&mut rig, PLACE, second.request, false), spec::status::IOERR);
    // Writes are the machine's own.
    assert_eq!(write(&mut rig, spec::request::OUT, 1, &[1; 512]), 0);
    let third = asked(&mut rig);
    rig.set_status(0);
    assert_eq!(answer(&mut rig, PLACE, third.request, true), 0xee);
}

/// Catches a request under way that a snapshot forgets, or a reset does not; and one that is written over by garbage.
#[test]
fn requests_under_way_are_state() {
    let mut rig = rig(false);
    read(&mut rig, 3, 512);
    let mut saved = Saved::default();
    rig.virtio.save("slot", &mut saved);
    let mut other = self::rig(false);
    other.bench.mem.restore(&rig.bench.mem.snapshot()).unwrap();
    other.virtio.restore("slot", &saved).unwrap();
    other.bench.bp.calendar.set_entries(&rig.bench.bp.calendar.entries());
    let mut again = Saved::default();
    other.virtio.save("slot", &mut again);
    assert_eq!(saved, again);
    assert_eq!((later(&mut rig), later(&mut other)), (0, 0));
    assert_eq!(rig.bench.mem.digest(), other.bench.mem.digest());
    read(&mut rig, 3, 512);
    rig.set_status(0);
    assert_eq!(rig.bench.bp.calendar.next(), None);
}

/// Catches a file that is no disk and is taken for one.
#[test]
fn images_are_checked() {
    let mut bench = Bench::new();
    let mut make = |bytes: &[u8]| Disk::new(&mut bench.mem, bytes.to_vec().into()).err();
    assert_eq!(make(&[]), Some(ImageError::Empty));
    assert_eq!(make(&[0; 513]), Some(ImageError::Partial(513)));
    assert_eq!(make(b"QFI\xfb").map(|error| error.to_string().contains("qcow2")), Some(true));
    assert_eq!(make(&[0; 512]), None);
}
