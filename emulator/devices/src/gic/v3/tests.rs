use super::super::SPURIOUS;
use super::spec::*;
use super::*;
use crate::testing::{Bench, assert_loud, assert_round_trip};
use IccRegister as R;

const IGROUPR: u64 = 0x080;
const ISENABLER: u64 = 0x100;
const ISPENDR: u64 = 0x200;
const ISACTIVER: u64 = 0x300;
const IPRIORITYR: u64 = 0x400;
const ICFGR: u64 = 0xc00;

/// The redistributor of a vCPU, and its second frame.
const fn rd(vcpu: u16) -> u64 {
    REDISTRIBUTORS + vcpu as u64 * REDISTRIBUTOR
}
const fn sgi(vcpu: u16) -> u64 {
    rd(vcpu) + SGI_FRAME
}

fn affinities(vcpus: u32) -> Vec<u32> {
    (0..vcpus).map(|vcpu| (vcpu / 16) << 8 | (vcpu % 16)).collect()
}

struct World {
    bench: Bench,
    gic: GicV3,
}

impl World {
    fn read(&mut self, offset: u64) -> u64 {
        self.bench.read(&mut self.gic, offset)
    }
    fn write(&mut self, offset: u64, value: u64) {
        self.bench.write(&mut self.gic, offset, value);
    }
    fn get(&mut self, vcpu: u16, register: IccRegister) -> u64 {
        self.gic.icc_read(&mut self.bench.bp, VcpuId(vcpu), register)
    }
    fn set(&mut self, vcpu: u16, register: IccRegister, value: u64) {
        self.gic.icc_write(&mut self.bench.bp, VcpuId(vcpu), register, value);
    }
    fn line(&mut self, number: u16, level: bool) {
        self.gic.set_line(&mut self.bench.bp, Line::Shared(number), level);
    }
    fn priority(&mut self, intid: u64, value: u64) {
        self.gic.write(&mut self.bench.cx(), IPRIORITYR + intid, 1, value).unwrap();
    }
    fn irqs(&self) -> Vec<usize> {
        let irq = |vcpu: &usize| self.gic.irq(VcpuId(*vcpu as u16));
        (0..self.gic.vcpus()).filter(irq).collect()
    }
    fn irq(&self) -> bool {
        self.gic.irq(VcpuId(0))
    }
    fn fiq(&self) -> bool {
        self.gic.fiq(VcpuId(0))
    }
}

/// A controller as Linux leaves it: everything enabled, in group 1, priority 0xa0, going to the first vCPU.
fn ready(vcpus: u16) -> World {
    let gic = GicV3::new(&affinities(vcpus.into()), 256).unwrap();
    let mut world = World { bench: Bench::new(), gic };
    world.write(GICD_CTLR, 2);
    for word in 1..9 {
        world.write(IGROUPR + word * 4, u32::MAX.into());
        world.write(ISENABLER + word * 4, u32::MAX.into());
    }
    for intid in (32..288).step_by(4) {
        world.write(IPRIORITYR + intid, 0xa0a0_a0a0);
    }
    for vcpu in 0..vcpus {
        world.write(rd(vcpu) + GICR_WAKER, 0);
        world.write(sgi(vcpu) + IGROUPR, u32::MAX.into());
        world.write(sgi(vcpu) + ISENABLER, u32::MAX.into());
        for intid in (0..32).step_by(4) {
            world.write(sgi(vcpu) + IPRIORITYR + intid, 0xa0a0_a0a0);
        }
        world.set(vcpu, R::Pmr, 0xf0);
        world.set(vcpu, R::Igrpen1, 1);
    }
    world.bench.bp.attention = false;
    world
}

/// Catches a level that is handled twice, once only although it stays, or that stays signalled when it falls.
#[test]
fn level_is_handled_as_long_as_it_stays() {
    let mut world = ready(1);
    world.line(1, true);
    assert!(world.irq() && !world.fiq() && world.bench.bp.attention);
    assert_eq!(world.get(0, R::Hppir1), 33);
    assert_eq!(world.get(0, R::Hppir0), SPURIOUS.into());
    assert_eq!(world.get(0, R::Iar0), SPURIOUS.into());
    assert_eq!(world.get(0, R::Iar1), 33);
    assert!(!world.irq());
    assert_eq!((world.read(ISACTIVER + 4), world.read(ISPENDR + 4)), (2, 2));
    assert_eq!(world.get(0, R::Iar1), SPURIOUS.into());
    world.set(0, R::Eoir1, 33);
    assert!(world.irq(), "the line is still up");
    world.line(1, false);
    assert!(!world.irq());
}

/// Catches preemption that ignores the binary point or the priorities, and handling that ends in the wrong order.
#[test]
fn urgent_interrupts_preempt() {
    let mut world = ready(1);
    world.priority(34, 0x47);
    assert_eq!(world.read(IPRIORITYR + 32), 0xa040_a0a0, "five bits");
    world.priority(36, 0x98);
    world.set(0, R::Bpr1, 6);
    world.line(3, true);
    assert_eq!(world.get(0, R::Iar1), 35);
    world.line(4, true);
    assert!(!world.irq(), "0x98 and 0xa0 differ in subpriority only");
    assert_eq!(world.get(0, R::Rpr), 0x80);
    world.line(3, false);
    world.set(0, R::Eoir1, 35);
    world.set(0, R::Bpr1, 0);
    assert_eq!(world.get(0, R::Bpr1), 3);
    assert_eq!(world.get(0, R::Iar1), 36);
    world.line(3, true);
    assert!(!world.irq());
    world.line(2, true);
    assert_eq!(world.get(0, R::Iar1), 34);
    assert_eq!(world.get(0, R::Rpr), 0x40);
    assert_eq!(world.get(0, R::Ap1r0), 1 << 19 | 1 << 8);
    world.line(2, false);
    world.set(0, R::Eoir1, 34);
    assert_eq!(world.get(0, R::Rpr), 0x98);
    world.set(0, R::Eoir1, 36);
    assert_eq!(world.get(0, R::Rpr), 0xff);
}

/// Catches group 0 on the wrong input or in the wrong registers, and ends in the wrong group that have an effect.
#[test]
fn groups_have_their_own_registers() {
    let mut world = ready(1);
    world.write(GICD_CTLR, 3);
    world.write(IGROUPR + 4, !1 & 0xffff_ffff);
    world.line(0, true);
    assert!(!world.fiq(), "group 0 is not enabled at the CPU interface");
    world.line(1, true);
    assert!(world.irq(), "what is disabled does not stand in the way");
    world.set(0, R::Igrpen0, 1);
    assert!(world.fiq() && !world.irq());
    assert_eq!(world.get(0, R::Iar1), SPURIOUS.into());
    assert_eq!(world.get(0, R::Iar0), 32);
    assert_eq!(world.get(0, R::Ap0r0), 1 << 20);
    world.set(0, R::Eoir1, 32);
    assert_eq!(world.read(ISACTIVER + 4), 1);
    world.set(0, R::Eoir0, 32);
    assert_eq!(world.read(ISACTIVER + 4), 0);
    world.set(0, R::Ctlr, ICC_CTLR_CBPR);
    world.set(0, R::Bpr0, 5);
    world.set(0, R::Bpr1, 7);
    assert_eq!(world.get(0, R::Bpr1), 6);
    world.set(0, R::Ctlr, 0);
    assert_eq!(world.get(0, R::Bpr1), 3);
}

/// Catches priority drop and deactivation that are not separate when they should be.
#[test]
fn split_end_of_interrupt() {
    let mut world = ready(1);
    world.line(0, true);
    assert_eq!(world.get(0, R::Iar1), 32);
    world.set(0, R::Dir, 32);
    assert_eq!(world.read(ISACTIVER + 4), 1);
    world.set(0, R::Ctlr, ICC_CTLR_EOI_MODE);
    world.line(5, true);
    assert!(!world.irq());
    world.set(0, R::Eoir1, 32);
    assert_eq!(world.get(0, R::Iar1), 37, "32 is active still");
    world.set(0, R::Eoir1, 37);
    world.set(0, R::Dir, 32);
    assert_eq!(world.get(0, R::Iar1), 32);
}

/// Catches software-generated interrupts that go by number instead of affinity, to the sender, or to another group.
#[test]
fn software_generated_interrupts_go_by_affinity() {
    let mut world = ready(18);
    world.set(0, R::Sgi1r, 1 << 16 | 5 << 24 | 0b10);
    assert_eq!(world.irqs(), [17]);
    assert_eq!(world.get(17, R::Iar1), 5);
    world.set(17, R::Eoir1, 5);
    assert!(world.irqs().is_empty());
    world.set(0, R::Sgi1r, 0b1001);
    assert_eq!(world.irqs(), [0, 3]);
    assert_eq!((world.get(0, R::Iar1), world.get(3, R::Iar1)), (0, 0));
    world.set(2, R::Sgi1r, SGIR_ALL_OTHERS | 7 << 24);
    assert_eq!(world.irqs().len(), 15, "two are busy, one is the sender");
    assert_eq!(world.read(sgi(2) + ISPENDR), 0);
    assert_eq!(world.read(sgi(3) + ISPENDR), 1 << 7);
    world.write(sgi(3) + ISPENDR + 0x80, 1 << 7);
    world.set(2, R::Sgi0r, 9 << 24 | 0b1000);
    world.set(2, R::Asgi1r, 9 << 24 | 0b1000);
    assert_eq!(world.read(sgi(3) + ISPENDR), 0);
    world.write(sgi(3) + IGROUPR, 0);
    world.set(2, R::Sgi0r, 9 << 24 | 0b1000);
    world.set(2, R::Asgi1r, 10 << 24 | 0b1000);
    world.set(2, R::Sgi1r, 11 << 24 | 0b1000);
    assert_eq!(world.read(sgi(3) + ISPENDR), 0b11 << 9);
}

/// Catches routes by number instead of affinity, and a choice among all vCPUs that is not the lowest able one.
#[test]
fn shared_interrupts_follow_their_route() {
    let mut world = ready(18);
    world.line(8, true);
    assert_eq!(world.irqs(), [0]);
    let route = GICD_IROUTER + 40 * 8;
    world.gic.write(&mut world.bench.cx(), route, 8, 0x101).unwrap();
    assert_eq!(world.irqs(), [17]);
    world.write(route, IROUTER_ANY);
    assert_eq!(world.irqs(), [0]);
    world.set(0, R::Igrpen1, 0);
    assert_eq!(world.irqs(), [1]);
    world.write(route + 4, 0x7f);
    world.write(route, 0);
    assert!(world.irqs().is_empty(), "there is no such vCPU");
    assert_eq!(world.gic.read(&mut world.bench.cx(), route, 8), Ok(0x7f_0000_0000));
    assert_eq!(world.read(route + 4), 0x7f);
}

/// Catches a private line that another vCPU sees, and edges of private lines that are not kept.
#[test]
fn private_lines_belong_to_one() {
    let mut world = ready(2);
    let timer = Line::Private { vcpu: VcpuId(1), intid: 27 };
    world.gic.set_line(&mut world.bench.bp, timer, true);
    assert_eq!(world.irqs(), [1]);
    world.gic.set_line(&mut world.bench.bp, timer, false);
    assert!(world.irqs().is_empty());
    world.write(sgi(1) + ICFGR + 4, u32::MAX.into());
    world.gic.set_line(&mut world.bench.bp, timer, true);
    world.gic.set_line(&mut world.bench.bp, timer, false);
    assert_eq!(world.get(1, R::Iar1), 27);
    world.set(1, R::Eoir1, 27);
    assert!(world.irqs().is_empty());
}

/// Catches masks that act late.
#[test]
fn masking_acts_at_once() {
    let mut world = ready(1);
    world.set(0, R::Pmr, 0xa7);
    assert_eq!(world.get(0, R::Pmr), 0xa0);
    world.line(0, true);
    assert!(!world.irq());
    world.set(0, R::Pmr, 0xff);
    assert_eq!(world.get(0, R::Pmr), 0xf8);
    assert!(world.irq() && world.bench.bp.attention);
    world.write(GICD_CTLR, 1);
    assert!(!world.irq());
}

/// Catches identification by which drivers would look for what is not there, or not find what is.
#[test]
fn registers_are_as_documented() {
    let gic = GicV3::new(&affinities(18), 256).unwrap();
    let mut world = World { bench: Bench::new(), gic };
    let expected = [
        (GICD_CTLR, u32::MAX, 0x53),
        (GICD_TYPER, 0, 0x0148_0008),
        (GICD_TYPER2, 0, 0),
        (0xffe0, 0, 0x92),
        (0xffe8, 0, 0x3b),
        (IGROUPR, u32::MAX, 0),
        (ISENABLER, u32::MAX, 0),
        (IPRIORITYR, u32::MAX, 0),
        (ICFGR, u32::MAX, 0),
        (ICFGR + 8, u32::MAX, 0xaaaa_aaaa),
        (GICD_ITARGETSR + 32, u32::MAX, 0),
        (GICD_IGRPMODR + 4, u32::MAX, 0),
        (GICD_IROUTER, u32::MAX, 0),
        (GICD_IROUTER + 256, u32::MAX, 0x80ff_ffff),
        (GICD_IROUTER + 260, u32::MAX, 0xff),
        (rd(0) + GICR_CTLR, u32::MAX, 0),
        (rd(0) + GICR_WAKER, u32::MAX, 6),
        (rd(0) + GICR_WAKER, 0, 0),
        (rd(0) + GICR_PROPBASER, u32::MAX, 0),
        (rd(1) + GICR_TYPER, 0, 0x100),
        (rd(17) + GICR_TYPER, 0, 0x1110),
        (rd(17) + GICR_TYPER + 4, 0, 0x101),
        (rd(17) + 0xffe0, 0, 0x93),
        (sgi(17) + ICFGR, 0, 0xaaaa_aaaa),
        (sgi(17) + ICFGR + 4, u32::MAX, 0xaaaa_aaaa),
        (sgi(17) + IPRIORITYR + 28, u32::MAX, 0xf8f8_f8f8),
        (sgi(17) + ISENABLER, u32::MAX, u32::MAX),
        (sgi(17) + ISENABLER + 4, u32::MAX, 0),
        (sgi(17) + GICR_IGRPMODR, u32::MAX, 0),
    ];
    for (register, written, read) in expected {
        world.write(register, written.into());
        assert_eq!(world.read(register), read.into(), "at {register:#x}");
    }
    assert_eq!(world.get(17, R::Ctlr), 0x8400);
    assert_eq!(world.get(17, R::Sre), 7);
    assert_eq!((world.get(17, R::Bpr0), world.get(17, R::Bpr1)), (2, 3));
    let World { mut bench, mut gic } = world;
    for offset in [0x40, 0x1000, rd(0) + 0x40, sgi(0) + 0xffe8] {
        assert_loud(&mut gic, &mut bench, offset);
    }
    assert_eq!(gic.read(&mut bench.cx(), rd(18), 4), Err(AccessError::Abort));
    assert_eq!(gic.read(&mut bench.cx(), ISENABLER, 8), Err(AccessError::Abort));
}

/// Catches state that a snapshot forgets or a reset leaves, and a restore into another controller.
#[test]
fn saved_whole_and_reset_whole() {
    let mut world = ready(2);
    world.set(1, R::Sgi1r, 3 << 24 | 1);
    world.line(9, true);
    assert_eq!(world.get(0, R::Iar1), 3);
    world.write(rd(1) + GICR_WAKER, 2);
    let World { mut bench, mut gic } = world;
    let fresh = || GicV3::new(&affinities(2), 256).unwrap();
    assert_round_trip(&gic, fresh());
    let mut saved = Saved::default();
    gic.save("gic", &mut saved);
    let mut other = GicV3::new(&affinities(3), 256).unwrap();
    assert!(matches!(other.restore("gic", &saved), Err(RestoreError::Damaged { .. })));
    gic.reset(&mut bench.cx());
    assert_eq!(gic, fresh());
}

/// Catches controllers that cannot exist.
#[test]
fn impossible_controllers_are_refused() {
    assert_eq!(GicV3::new(&[], 256), Err(ConfigError::Vcpus { vcpus: 0, most: 123 }));
    assert_eq!(GicV3::new(&[0, 1, 0], 256), Err(ConfigError::Affinity(0)));
    assert_eq!(GicV3::new(&[0], 33), Err(ConfigError::Shared(33)));
    assert!(GicV3::new(&affinities(123), 960).is_ok());
}
