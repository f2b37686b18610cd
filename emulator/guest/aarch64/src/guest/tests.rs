use lockstep_core::Saved;

use super::*;
use crate::testing::*;

/// Catches a system register that a snapshot loses, and derived state that a restore leaves as it was.
#[test]
fn saved_and_restored() {
    let mut cx = machine();
    for row in crate::registers::rows::REGISTERS {
        let _ = write_sys(&mut cx, row.encoding, 0x5a5a_5a5a_5a5a_5a5a);
    }
    let mut saved = Saved::default();
    saved.put("sys", Aarch64::SYS_VERSION, &cx.cpu.sys);
    let mut other = Aarch64::reset(VcpuId(0), 0, 0);
    other.sys = saved.get("sys", Aarch64::SYS_VERSION).unwrap();
    Aarch64::restored(&mut other);
    assert_eq!((&other.sys, other.mmu), (&cx.cpu.sys, cx.cpu.mmu));
    assert_ne!(other.mmu, Aarch64::reset(VcpuId(0), 0, 0).mmu);
}

/// Catches a reset that starts elsewhere, unmasked, or with the MMU on.
#[test]
fn after_reset() {
    let cpu = Aarch64::reset(VcpuId(3), RAM, 0x44);
    assert_eq!((cpu.id, cpu.pc, cpu.regs[0]), (VcpuId(3), RAM, 0x44));
    assert_eq!(crate::registers::pstate(&cpu), 0x3c5);
    assert_eq!(cpu.sys.sctlr, 0x30d0_0980);
    assert_eq!(cpu.mmu.mode, 1);
}

/// Catches a processor without power that an interrupt wakes.
#[test]
fn off_is_off() {
    let mut cpu = Aarch64::reset(VcpuId(0), RAM, 0);
    (cpu.lines, cpu.sys.event) = (3, true);
    for (power, wakes) in
        [(PowerState::Off, false), (PowerState::Waiting, true), (PowerState::WaitingForEvent, true)]
    {
        cpu.power = power;
        assert_eq!(Aarch64::wakes(&cpu), wakes, "{power:?}");
    }
}

/// Catches instructions that are decoded with their bytes in another order.
#[test]
fn little_endian() {
    assert_eq!(word(&[0x1f, 0x20, 0x03, 0xd5]), 0xd503_201f);
}
